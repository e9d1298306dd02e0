import { isAtLeast, kubernetesVersions, newestKubernetesVersion } from '../kubernetes-schemas/versions.ts';
import { requireVersion } from './kubernetes-version.ts';

test('a version is at least itself and every older one', () => {
  for (const [index, version] of kubernetesVersions.entries())
    expect(kubernetesVersions.filter((other) => isAtLeast(version, other))).toEqual(
      kubernetesVersions.slice(0, index + 1),
    );
  expect(kubernetesVersions.at(-1)).toBe(newestKubernetesVersion);
});

test('a prop that needs a newer version is refused, with both versions and two ways out', () => {
  const refused = (kubernetesVersion: '1.30' | '1.31' | '1.37') => [
    ...requireVersion({ kubernetesVersion }, '1.31', 'trafficDistribution', 'PreferClose'),
  ];
  expect(refused('1.30')).toEqual([
    {
      prop: 'trafficDistribution',
      value: 'PreferClose',
      reason: 'needs Kubernetes 1.31, but kubernetesVersion is 1.30',
      fix:
        'If the cluster runs 1.31 or newer, set kubernetesVersion to its version. ' +
        'Otherwise, leave trafficDistribution out.',
    },
  ]);
  expect(refused('1.31')).toEqual([]);
  expect(refused('1.37')).toEqual([]);
});
