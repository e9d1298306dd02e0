import { parseManifests, readManifests } from './manifests.ts';
import { unhonoured } from './unsupported-fields.ts';

test('each field that is not honoured is listed once, with what that means', () => {
  const lines = unhonoured(readManifests('charts-out/local.k8s.yaml'));
  const fields = lines.flatMap((line) => (line.split(': ')[0] ?? '').split(', '));
  expect(new Set(fields).size).toBe(fields.length);
  expect(fields).toEqual(
    expect.arrayContaining([
      'securityContext.readOnlyRootFilesystem',
      'resources.limits.memory',
      'image',
      'volumes',
      'strategy',
      'tolerations',
      'Service.type',
      'headless Service iris-server-headless',
    ]),
  );
  expect(lines.filter((line) => line.includes('does not know'))).toEqual([]);
  expect(lines.find((line) => line.includes('resources.limits.memory'))).toContain(
    'nothing is limited, reserved or OOM-killed',
  );
});

test('so are kinds, init containers, sidecars and fields that nobody has heard of', () => {
  const lines = unhonoured(
    parseManifests(
      `
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  shining: true
  template:
    spec:
      initContainers: [{ name: fetch }]
      containers:
        - { name: web, ports: [{ containerPort: 1 }], livenessProbe: { grpc: { port: 1 } }, lifecycle: { preStop: { sleep: { seconds: 5 } } } }
        - { name: proxy }
---
kind: StatefulSet
metadata: { name: db }
---
kind: Service
metadata: { name: web }
spec: { selector: { app: other }, externalIPs: [], ports: [{ port: 80 }, { port: 81, name: metrics }] }
`,
      'test.yaml',
    ),
  );
  expect([...lines].sort()).toEqual([
    'Service port metrics: of the Service the first port is open, and the one that is called grpc',
    'StatefulSet db: only Deployments are run',
    'initContainers, container proxy: one container a replica is run, the one that the Service leads to',
    'lifecycle: hooks are not run',
    'livenessProbe.grpc: checked by a TCP connection only',
    'shining: the local engine does not know it',
  ]);
});
