import { parseWorkload, readWorkload } from './workload.ts';
import { unsupportedFields } from './unsupported-fields.ts';

test('lists each unsupported field once, with what that means', () => {
  const unsupported = unsupportedFields(readWorkload('charts-out/local.k8s.yaml'));
  const fields = unsupported.flatMap((group) => group.fields);
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
  expect(unsupported.filter(({ meaning }) => meaning.startsWith('unknown'))).toEqual([]);
  expect(unsupported.find((group) => group.fields.includes('resources.limits.memory'))?.meaning).toContain(
    'OOM-killed',
  );
});

test('lists kinds, init containers, sidecars and unknown fields', () => {
  const unsupported = unsupportedFields(
    parseWorkload(
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
        - name: web
          ports: [{ containerPort: 1 }]
          livenessProbe: { grpc: { port: 1 } }
          lifecycle: { preStop: { sleep: { seconds: 5 } } }
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
  expect(unsupported.map(({ fields, meaning }) => [fields.join(', '), meaning])).toEqual([
    ['StatefulSet db', 'only Deployments run'],
    ['shining', 'unknown to the local runtime'],
    ['initContainers, container proxy', 'one container runs per replica: the one that the Service leads to'],
    ['livenessProbe.grpc', 'the probe only opens a TCP connection'],
    ['lifecycle', 'lifecycle hooks are not run'],
    ['Service port metrics', 'only the first port of the Service and the one named grpc are open'],
  ]);
});
