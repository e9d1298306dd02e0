import { explainRejection } from './rejection.ts';

// Each message is one that a cluster or kubectl printed.
test.each([
  [
    'pods "a" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2',
    'the quota "tight" is exhausted: one more replica needs pods=1; used pods=2 of pods=2',
  ],
  [
    'pods "a" is forbidden: violates PodSecurity "restricted:v1.30": runAsNonRoot != true (pod or ' +
      'container "iris-server" must set securityContext.runAsNonRoot=true)',
    'the namespace enforces Pod Security "restricted:v1.30", and the replicas have runAsNonRoot != true ' +
      '(pod or container "iris-server" must set securityContext.runAsNonRoot=true)',
  ],
  [
    "The deployments \"iris-server\" is invalid: : ValidatingAdmissionPolicy 'owners' with binding 'all' " +
      'denied request: an owner is missing',
    'the cluster\'s policy "owners" denied it: an owner is missing',
  ],
  [
    'Error from server: admission webhook "validate.kyverno.svc" denied the request: no latest tags',
    'the cluster\'s admission webhook "validate.kyverno.svc" denied it: no latest tags',
  ],
  [
    'Internal error occurred: failed calling webhook "v.example": failed to call webhook: Post ' +
      '"https://v.example.svc:443/": dial tcp 10.96.1.1:443: connect: connection refused',
    'the cluster\'s admission webhook "v.example" does not respond: failed to call webhook: Post ' +
      '"https://v.example.svc:443/": dial tcp 10.96.1.1:443: connect: connection refused',
  ],
  [
    'Error from server (Forbidden): deployments.apps "iris-server" is forbidden: User "jane" cannot patch ' +
      'resource "deployments" in API group "apps" in the namespace "iris-server"',
    'the user "jane" is not allowed to patch deployments',
  ],
  [
    'The Deployment "iris-server" is invalid: spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: ' +
      'field is immutable',
    'an immutable field of the deployment "iris-server" was changed',
  ],
])('%s', (message, cause) => {
  expect(explainRejection(message)?.cause).toBe(cause);
});

test('a message that is clear by itself is not explained', () => {
  expect(explainRejection('error: no matches for kind "Wine"')).toBeUndefined();
});
