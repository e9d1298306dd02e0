import { join } from 'node:path';
import { readObjects } from '../project/objects.ts';
import { UsageError } from '../failure.ts';
import { fieldsOf, nameOf } from './fields.ts';
import { selectFields } from './select-fields.ts';

const file = join(import.meta.dirname, '../../charts-out/local.k8s.yaml');
const fields = readObjects(file).flatMap((object) => fieldsOf(object, []));
const pod = 'Deployment/iris-server spec.template.spec';

test.each([
  ['Service/iris-server-headless.spec.clusterIP', 'Service/iris-server-headless spec.clusterIP'],
  ['Deployment.spec.strategy.rollingUpdate.maxSurge', 'Deployment/iris-server spec.strategy.rollingUpdate.maxSurge'],
  ['service.spec.ports.0.targetPort', 'Service/iris-server spec.ports[0].targetPort'],
  [
    'Service.metadata.labels["app.kubernetes.io/name"]',
    'Service/iris-server metadata.labels["app.kubernetes.io/name"]',
  ],
  // Anywhere, without a kind and without indices.
  ['livenessProbe.timeoutSeconds', `${pod}.containers[0].livenessProbe.timeoutSeconds`],
  ['volumes[name=tmp].emptyDir.sizeLimit', `${pod}.volumes[0].emptyDir.sizeLimit`],
  ['Deployment.spec.template.spec.containers.image', `${pod}.containers[0].image`],
])('%s', (path, first) => {
  const [field] = selectFields(fields, path);
  expect(`${nameOf(field!.object)} ${field!.path}`).toBe(first);
});

test('a path selects all fields below it, of each object of the kind', () => {
  expect(selectFields(fields, 'Service.spec.ports[0].name').map(({ value }) => value)).toEqual(['http', 'grpc']);
  expect(selectFields(fields, 'Service/iris-server.spec.ports.name').map(({ value }) => value)).toEqual([
    'http',
    'grpc',
  ]);
  expect(selectFields(fields, 'PodDisruptionBudget.spec').map(({ path }) => path)).toEqual([
    'spec',
    'spec.maxUnavailable',
    'spec.selector',
    'spec.selector.matchLabels',
    'spec.selector.matchLabels["app.kubernetes.io/instance"]',
    'spec.selector.matchLabels["app.kubernetes.io/name"]',
    'spec.unhealthyPodEvictionPolicy',
  ]);
});

test.each([
  ['Deploymnt.spec', 'The manifests have no object and no field Deploymnt.spec.', 'Did you mean Deployment?'],
  ['replcas', 'The manifests have no object and no field replcas.', 'Did you mean replicas?'],
  ['xyzzy', 'The manifests have no object and no field xyzzy.', 'Without a path, `rhizome explain FILE`'],
  [
    'Deployment.spec.template.spec.containr',
    'Deployment.spec.template.spec has no field containr.',
    'Did you mean containers?',
  ],
  ['ConfigMap.xyzzy', 'ConfigMap has no field xyzzy.', 'It has apiVersion, kind, metadata, data, immutable.'],
  ['Service.spec.type.x', 'Service.spec.type has no field x.', 'It has no fields of its own.'],
  [
    'Service/iris-server.spec.ports[7]',
    'Service.spec.ports has no such item: Service/iris-server.spec.ports[7]',
    'It has 2, and the first is [0].',
  ],
  ['Service.spec..type', 'Service.spec..type is not the path of a field.', 'Write a path like this'],
])('refuses %s, and says what was probably meant', (path, message, hint) => {
  const refused = (): unknown => selectFields(fields, path);
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(expect.objectContaining({ message, hint: expect.stringContaining(hint) }));
});
