import { readRefusal } from './refusal.ts';

// Each message is one that a cluster or kubectl printed.
test.each([
  [
    'pods "a" is forbidden: exceeded quota: tight, requested: pods=1, used: pods=2, limited: pods=2',
    'the quota "tight" leaves no room: one more replica takes pods=1; used is pods=2, allowed pods=2',
  ],
  [
    'pods "a" is forbidden: violates PodSecurity "restricted:v1.30": runAsNonRoot != true (pod or container "iris-server" must set securityContext.runAsNonRoot=true)',
    'the namespace enforces Pod Security "restricted:v1.30", and the replicas have runAsNonRoot != true (pod or container "iris-server" must set securityContext.runAsNonRoot=true)',
  ],
  [
    "The deployments \"iris-server\" is invalid: : ValidatingAdmissionPolicy 'owners' with binding 'all' denied request: an owner is missing",
    'the cluster\'s policy "owners" forbids it: an owner is missing',
  ],
  [
    'Error from server: admission webhook "validate.kyverno.svc" denied the request: no latest tags',
    'the cluster\'s admission webhook "validate.kyverno.svc" forbids it: no latest tags',
  ],
  [
    'Internal error occurred: failed calling webhook "v.example": failed to call webhook: Post "https://v.example.svc:443/": dial tcp 10.96.1.1:443: connect: connection refused',
    'the cluster\'s admission webhook "v.example" does not answer: failed to call webhook: Post "https://v.example.svc:443/": dial tcp 10.96.1.1:443: connect: connection refused',
  ],
  [
    'Error from server (Forbidden): deployments.apps "iris-server" is forbidden: User "jane" cannot patch resource "deployments" in API group "apps" in the namespace "iris-server"',
    '"jane" has no right to patch deployments',
  ],
  [
    'The Deployment "iris-server" is invalid: spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: field is immutable',
    'a field of the deployment "iris-server" was changed that Kubernetes lets nobody change',
  ],
])('%s', (message, cause) => {
  expect(readRefusal(message)?.cause).toBe(cause);
});

test('what is plain already is left as it is', () => {
  expect(readRefusal('error: no matches for kind "Wine"')).toBeUndefined();
});
