import { grpcPort, parseWorkload, readWorkload, replicaCount, serviceOf, servingContainer } from './workload.ts';
import { manifests as fixture } from '../fixtures/manifests.ts';

test('finds the container and port that the Service refers to', () => {
  const { deployments, services } = parseWorkload(fixture({}), 'test.yaml');
  const service = serviceOf(deployments[0]!, services);
  expect(service?.metadata.name).toBe('web');
  expect(servingContainer(deployments[0]!, service)).toMatchObject({ container: { name: 'web' }, port: 8000 });
});

test('ignores headless Services', () => {
  const headless =
    'kind: Service\nmetadata: { name: web-headless }\n' +
    'spec: { clusterIP: None, selector: { app: web }, ports: [{ port: 9000 }] }\n---\n';
  const { deployments, services } = parseWorkload(headless + fixture({}), 'test.yaml');
  expect(serviceOf(deployments[0]!, services)?.metadata.name).toBe('web');
});

test('with sidecars, finds the container that has the port', () => {
  const { deployments } = parseWorkload(
    `
kind: Deployment
metadata: { name: web }
spec:
  template:
    spec:
      containers:
        - { name: proxy, ports: [{ name: admin, containerPort: 1 }] }
        - { name: web, ports: [{ name: http, containerPort: 2 }] }
`,
    'test.yaml',
  );
  const service = { metadata: { name: 'web' }, spec: { ports: [{ port: 80, targetPort: 'http' }] } };
  expect(servingContainer(deployments[0]!, service)).toMatchObject({ container: { name: 'web' }, port: 2 });
});

test('gRPC is at the port of the Service, or else of the headless one, as with a NodePort for HTTP alone', () => {
  const service = (spec: string) => `
---
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ${spec} }`;
  const web = `
kind: Deployment
metadata: { name: web }
spec:
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, ports: [{ name: http, containerPort: 2 }, { name: grpc, containerPort: 3 }] }] }`;
  const http = '{ name: http, port: 80, targetPort: http }';
  const grpc = '{ name: grpc, port: 81, targetPort: grpc }';
  const port = (...services: readonly string[]) => grpcPort(parseWorkload([web, ...services].join(''), 'test.yaml'));
  expect(port(service(`ports: [${http}, ${grpc}]`))).toBe(3);
  expect(port(service(`ports: [${http}]`), service(`clusterIP: None, ports: [${grpc}]`))).toBe(3);
  expect(port(service(`ports: [${http}]`))).toBeUndefined();
});

test.each([
  ['invalid YAML', 'a: [', 'test.yaml is not YAML'],
  ['a file without a Deployment', 'kind: StatefulSet\n', 'test.yaml has no Deployment to run, only: StatefulSet.'],
  ['an empty file', '', 'test.yaml has no Deployment to run, only: nothing.'],
])('%s is an error', (_, source, message) => {
  expect(() => parseWorkload(source, 'test.yaml')).toThrow(message);
});

test('the error for a missing file names it', () => {
  expect(() => readWorkload('/nowhere/local.k8s.yaml')).toThrow('cannot read /nowhere/local.k8s.yaml');
});

test.each([
  ['its own number', 'replicas: 3', '', 3],
  ['none, and no autoscaler', '', '', 1],
  ['an autoscaler', '', 'HorizontalPodAutoscaler spec: { scaleTargetRef: { name: web }, minReplicas: 4 }', 4],
  [
    'an autoscaler of another Deployment',
    '',
    'HorizontalPodAutoscaler spec: { scaleTargetRef: { name: a }, minReplicas: 4 }',
    1,
  ],
  ['KEDA', '', 'ScaledObject spec: { scaleTargetRef: { name: web }, minReplicaCount: 2 }', 2],
  ['KEDA that scales to zero', '', 'ScaledObject spec: { scaleTargetRef: { name: web }, minReplicaCount: 0 }', 1],
  ['a VerticalPodAutoscaler', '', 'VerticalPodAutoscaler spec: { targetRef: { name: web } }', 1],
])('replicas of a Deployment with %s', (_, replicas, autoscaler, expected) => {
  const [kind = '', spec = ''] = autoscaler.split(' spec: ');
  const other = kind && `---\nkind: ${kind}\nmetadata: { name: web }\nspec: ${spec}\n`;
  const web = `kind: Deployment\nmetadata: { name: web }\nspec: { ${replicas} }\n`;
  const workload = parseWorkload(web + other, 'test.yaml');
  expect(replicaCount(workload.deployments[0]!, workload)).toBe(expected);
});
