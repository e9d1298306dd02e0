import { kubernetesVersions } from './versions.ts';
import { validateManifests } from './validate.ts';

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: iris, labels: { app: iris } }
spec:
  replicas: 2
  selector: { matchLabels: { app: iris } }
  template:
    metadata: { labels: { app: iris } }
    spec:
      restartPolicy: Always
      containers:
        - name: iris
          image: iris:v1
          ports: [{ containerPort: 8000 }]
          livenessProbe: { httpGet: { path: /livez, port: 8000 } }
          resources: { limits: { cpu: 1, memory: 512Mi } }
`;

describe.each(kubernetesVersions)('Kubernetes %s', (version) => {
  const problems = (yaml: string) =>
    validateManifests(yaml, version).map(({ pointer, message }) => `${pointer} ${message}`);

  test('accepts a valid manifest, and a stream of several', () => {
    expect(problems(`${deployment}---${deployment}`)).toEqual([]);
  });

  test.each([
    ['an unknown field', 'replicas: 2', 'replica: 2', '/spec unknown field replica'],
    [
      'an unknown nested field',
      'path: /livez',
      'url: /livez',
      '/spec/template/spec/containers/0/livenessProbe/httpGet unknown field url',
    ],
    ['a wrong type', 'replicas: 2', 'replicas: two', '/spec/replicas must be integer'],
    ['a label that YAML 1.1 reads as a boolean', 'app: iris }', 'app: n }', '/metadata/labels/app must be string'],
    [
      'a missing selector',
      'selector: { matchLabels: { app: iris } }',
      '',
      "/spec must have required property 'selector'",
    ],
    [
      'a missing port',
      'path: /livez, port: 8000',
      'path: /livez',
      "/spec/template/spec/containers/0/livenessProbe/httpGet must have required property 'port'",
    ],
    [
      'a value outside an enumeration',
      'restartPolicy: Always',
      'restartPolicy: Sometimes',
      '/spec/template/spec/restartPolicy must be one of Always, OnFailure, Never',
    ],
    [
      'an invalid quantity',
      '512Mi',
      '512MB',
      '/spec/template/spec/containers/0/resources/limits/memory must match pattern',
    ],
    [
      'an unknown kind',
      'kind: Deployment',
      'kind: Deploymint',
      `/kind Kubernetes ${version} has no apps/v1/Deploymint`,
    ],
    [
      'a kind of a different group',
      'apiVersion: apps/v1',
      'apiVersion: v1',
      `/kind Kubernetes ${version} has no v1/Deployment`,
    ],
    ['no metadata', 'metadata: { name: iris, labels: { app: iris } }', '', "must have required property 'metadata'"],
    ['a duplicate key', 'replicas: 2', 'replicas: 2\n  replicas: 3', 'Map keys must be unique'],
  ])('rejects %s', (_title, from, to, expected) => {
    expect(deployment).toContain(from);
    expect(problems(deployment.replace(from, to)).join('\n')).toContain(expected);
  });

  test('rejects an empty document', () => {
    expect(problems('---\n')).toEqual([`/kind Kubernetes ${version} has no /`]);
  });
});

test('a field is rejected only by the version that lacks it', () => {
  // Kubernetes 1.34 added PodSpec.hostnameOverride.
  const yaml = deployment.replace('restartPolicy: Always', 'restartPolicy: Always\n      hostnameOverride: iris');
  expect(validateManifests(yaml, '1.30')).toHaveLength(1);
  expect(validateManifests(yaml, '1.36')).toEqual([]);
});

const route = `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: iris }
spec:
  parentRefs: [{ name: shared }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: / } }]
      timeouts: { request: 20s }
      backendRefs: [{ name: iris, port: 80 }]
`;

test.each([
  ['an unknown field', 'request: 20s', 'total: 20s', '/spec/rules/0/timeouts unknown field total'],
  ['a value outside a pattern', 'request: 20s', 'request: 20', '/spec/rules/0/timeouts/request must be string'],
  ['a value outside an enumeration', 'PathPrefix', 'Prefix', 'must be one of Exact, PathPrefix, RegularExpression'],
  [
    'a version that the CRD lacks',
    '/v1',
    '/v1alpha1',
    '/kind Kubernetes 1.36 has no gateway.networking.k8s.io/v1alpha1',
  ],
])('a custom resource is checked too, for %s', (_title, from, to, expected) => {
  expect(validateManifests(route, '1.36')).toEqual([]);
  const [problem] = validateManifests(route.replace(from, to), '1.36');
  expect(`${problem?.pointer} ${problem?.message}`).toContain(expected);
});
