import { RestrictedNamespace } from './restricted-namespace.ts';
import { synthesized } from '../fixtures/manifests.ts';

test('the Namespace enforces, warns about and audits "restricted", each in a version', () => {
  expect(synthesized((chart) => new RestrictedNamespace(chart, 'namespace', { name: 'flowers' }))).toEqual([
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: 'flowers',
        labels: {
          'app.kubernetes.io/name': 'flowers',
          'app.kubernetes.io/instance': 'flowers',
          'app.kubernetes.io/managed-by': 'rhizome',
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'v1.30',
          'pod-security.kubernetes.io/warn': 'restricted',
          'pod-security.kubernetes.io/warn-version': 'latest',
          'pod-security.kubernetes.io/audit': 'restricted',
          'pod-security.kubernetes.io/audit-version': 'latest',
        },
      },
    },
  ]);
});
