import { AllowedRegistries, type AllowedRegistriesProps } from './allowed-registries.ts';
import { at, only, problemsOf, synthesized } from '../fixtures/manifests.ts';

// e2e/cluster/manifests.test.ts proves on an API server what the policy admits and refuses.

const name = 'rhizome.flowers.allowed-registries';
const registries = (props: Partial<AllowedRegistriesProps> = {}) =>
  synthesized(
    (chart) =>
      new AllowedRegistries(chart, 'registries', {
        namespace: 'flowers',
        registries: ['registry.example/team'],
        ...props,
      }),
  );
const expressions = (props: Partial<AllowedRegistriesProps> = {}) =>
  JSON.stringify(at(only(registries(props), 'ValidatingAdmissionPolicy'), 'spec'));

test('one policy for the namespace, which denies, and its binding, valid in each version', () => {
  const manifests = registries();
  expect(problemsOf(manifests)).toEqual([]);
  expect(manifests.map(({ metadata }) => [metadata.name, metadata.namespace])).toEqual([
    [name, undefined],
    [name, undefined],
  ]);
  expect(at(only(manifests, 'ValidatingAdmissionPolicyBinding'), 'spec')).toEqual({
    policyName: name,
    validationActions: ['Deny'],
    matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'flowers' } } },
  });
  expect(at(only(manifests, 'ValidatingAdmissionPolicy'), 'spec.failurePolicy')).toBe('Fail');
});

test('it covers containers of all kinds and image volumes, of pods and of what makes them', () => {
  for (const part of [
    ...['.containers', '.initContainers', '.ephemeralContainers', 'v.image.reference'],
    ...['pods/ephemeralcontainers', 'deployments', 'statefulsets', 'daemonsets', 'replicasets', 'jobs', 'cronjobs'],
  ])
    expect(expressions()).toContain(part);
});

test('a registry ends where its path ends: another port or a longer name is another one', () => {
  expect(expressions({ registries: ['a.example', 'b.example:5000/x/'] })).toContain(
    "['a.example/', 'b.example:5000/x/'].exists(r, i.startsWith(r))",
  );
});

test('requireDigest adds a check, and enforce: false only warns', () => {
  expect(expressions()).not.toContain('@sha256');
  expect(expressions({ requireDigest: true })).toContain("!i.contains('@sha256:')");
  expect(problemsOf(registries({ requireDigest: true }))).toEqual([]);
  const binding = only(registries({ enforce: false }), 'ValidatingAdmissionPolicyBinding');
  expect(at(binding, 'spec.validationActions')).toEqual(['Warn', 'Audit']);
});

test.each<[Partial<AllowedRegistriesProps>, RegExp]>([
  [{ namespace: 'Flowers' }, /namespace: "Flowers" is not a valid name/],
  [{ registries: [] }, /registries: \[\] allows no image at all/],
  [{ registries: ['a.example', 'nginx'] }, /registries\.1: "nginx" is not a registry/],
  [{ registries: ['https://a.example'] }, /is not a registry.\n +Use a host and an optional path/],
  [{ registries: ["a.example/'x"] }, /is not a registry/],
  [{ registries: ['a.example/*'] }, /is not a registry/],
  [{ registry: 'a' } as never, /registry: "a" is set, but there is no such prop/],
])('refuses %j', (props, message) => {
  expect(() => registries(props)).toThrow(message);
});
