import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { environments } from '../environments.ts';
import { everyConstruct } from '../fixtures/every-construct.ts';
import { at, minimalProps, predictionService, type Manifest } from '../fixtures/manifests.ts';
import { newestKubernetesVersion } from '../kubernetes-schemas/versions.ts';
import { serviceProps } from '../props/checks/types.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { withDefaults } from '../props/resolved-props.ts';
import { parseComments, readComments } from './doc-comments.ts';
import { explanationsOf, readExplanations } from './explanations.ts';
import { formatPlace, isTree, stepsOf, type Place } from './field-path.ts';

const committed = Object.keys(environments()).flatMap((environment) => {
  const yaml = readFileSync(join(import.meta.dirname, '../../charts-out', `${environment}.k8s.yaml`), 'utf8');
  return parseAllDocuments(yaml, { version: '1.1' }).map((document) => document.toJS() as Manifest);
});
const written = everyConstruct().flatMap((chart) => chart.toJson() as Manifest[]);
const hash = 'a'.repeat(64);
const tokens = { issuer: 'https://id.example.com', audience: 'iris', jwksUrl: 'https://id.example.com/keys' };
/** Props that not every service needs, and which exclude each other. */
const optional = [
  { models: { image: `registry.example.com/models@sha256:${hash}` }, kubernetesVersion: newestKubernetesVersion },
  { models: { claim: 'models', path: 'iris' }, accelerator: 'cuda' },
  { models: { url: 'https://models.example.com/iris.onnx', sha256: hash, secret: 'mirror', privateNetwork: true } },
  { models: { configMap: join(import.meta.dirname, '../../models') }, platforms: ['linux/amd64', 'linux/arm64'] },
  { nodePort: 30080, grpcNodePort: 30081, publicProbes: true, jwt: tokens },
  { tracing: { endpoint: 'http://collector:4318', headersSecret: 'collector' } },
  { payloadLog: { to: 'https://log.example.com/', headersSecret: 'log', hash: ['age'], hashKeySecret: 'key' } },
  { trafficDistribution: 'PreferClose', kubernetesVersion: '1.31', unauthenticated: 'behind a gateway' },
].flatMap((props) => predictionService(props as Partial<PredictionServiceProps>));
const explanations = readExplanations();
const infra = join(import.meta.dirname, '..');
const comments = readComments(infra);

function leavesOf(value: unknown, place: Place = []): readonly string[] {
  if (!isTree(value)) return [formatPlace(place)];
  return stepsOf(value).flatMap(([step, inner]) => leavesOf(inner, [...place, step]));
}

test.each([
  ['the committed charts', committed],
  ['every construct', written],
  ['props that not every service needs', optional],
])('every object and field of %s is explained', (_, manifests) => {
  const missing = manifests.flatMap((manifest) => {
    const known = explanationsOf(manifest, explanations);
    return ['', ...leavesOf(manifest)].filter((path) => !known.has(path)).map((path) => `${manifest.kind}.${path}`);
  });
  expect(missing).toEqual([]);
});

test('every explanation is about a field that exists, and says what breaks without it', () => {
  const manifests = [...committed, ...written, ...optional];
  const needless = comments.flatMap(({ fields, ...explanation }) =>
    fields.filter((field) =>
      manifests.every((each) => explanationsOf(each, [{ ...explanation, fields: [field] }]).size === 0),
    ),
  );
  expect(needless).toEqual([]);
  expect(comments.filter(({ why, without = '' }) => why === '' || without === '')).toEqual([]);
});

test('every prop that an explanation names exists', () => {
  const resolved = withDefaults(minimalProps);
  const known = [...Object.keys(serviceProps), 'createNamespace', 'priority'];
  const code = readdirSync(infra, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map((file) => readFileSync(join(infra, file), 'utf8'))
    .join('\n');
  // That of an opt-in construct: `Autoscaling.maxReplicas`.
  const isOptIn = (name: string): boolean => {
    const [construct = '', prop = ''] = name.split('.');
    return code.includes(`export class ${construct} extends`) && new RegExp(`readonly ${prop}\\??:`).test(code);
  };
  const wrong = comments
    .flatMap(({ prop }) => prop?.split(' or ') ?? [])
    .filter((prop) => !known.includes(prop) && at(resolved, prop) === undefined && !isOptIn(prop));
  expect(wrong).toEqual([]);
});

test('the comment of a prop explains the field that the prop sets', () => {
  const [replicas] = [
    ...explanationsOf(
      committed.find(({ kind }) => kind === 'Deployment')!,
      explanations,
    ),
  ].filter(([path]) => path === 'spec.replicas');
  expect(replicas?.[1]).toEqual({
    fields: ['Deployment.spec.replicas'],
    why: 'Number of pods to keep running, 0 or more. A HorizontalPodAutoscaler overrides it.',
    without: expect.stringContaining('default is 1'),
    prop: 'replicas',
    default: '2',
  });
});

test('a setting without a comment has the description that the help of the service has', () => {
  const object = { kind: 'ConfigMap', data: { LOG_LEVEL: 'debug' } };
  expect(explanationsOf(object, explanations).get('data.LOG_LEVEL')).toMatchObject({
    why: expect.stringContaining('fatal, error, warn'),
    prop: 'settings.LOG_LEVEL',
    default: "'info'",
  });
});

test('a comment may have several lines and fields; others are left alone', () => {
  const source = `
    /** Nothing about manifests. */
    /**
     * Why, in two
     * lines.
     *
     * @explains Service.spec.type
     * @explains Service.spec.ports[name=http].port
     * @without It
     *   breaks.
     */
    readonly field?: number;`;
  expect(parseComments(source)).toEqual([
    {
      fields: ['Service.spec.type', 'Service.spec.ports[name=http].port'],
      why: 'Why, in two lines.',
      without: 'It breaks.',
      prop: 'field',
    },
  ]);
});

test('an explanation may name a prop of each construct that has it', () => {
  const source = `
    /**
     * Why.
     *
     * @explains Service.spec.type
     * @setBy A.type
     * @setBy B.type
     */`;
  expect(parseComments(source)).toMatchObject([{ prop: 'A.type or B.type' }]);
});

test('an explanation may be about objects with a certain name', () => {
  const why = (name: string) =>
    explanationsOf(
      { kind: 'Deployment', metadata: { name } },
      ['Deployment/*-canary', 'Deployment'].map((field) => ({ fields: [field], why: field })),
    ).get('')?.why;
  expect([why('iris-canary'), why('canary-iris')]).toEqual(['Deployment/*-canary', 'Deployment']);
});

test('an explanation about a name is not about a service that is called so', () => {
  const why = (name: string, service: string) =>
    explanationsOf(
      { kind: 'ConfigMap', metadata: { name, labels: { 'app.kubernetes.io/name': service } } },
      ['ConfigMap/*-models-*', 'ConfigMap'].map((field) => ({ fields: [field], why: field })),
    ).get('')?.why;
  expect(why('iris-models-1234567890', 'iris')).toBe('ConfigMap/*-models-*');
  expect(why('iris-canary-models-1234567890', 'iris')).toBe('ConfigMap/*-models-*');
  expect(why('iris-models-1234567890', 'iris-models')).toBe('ConfigMap');
});

test('the most precise explanation counts', () => {
  const of = (field: string) => ({ fields: [field], why: field });
  const fields = ['*.spec.**', 'Service.spec.**', 'Service.spec.ports[].name', 'Service.spec.ports[name=http].name'];
  const object = { kind: 'Service', spec: { type: 'A', ports: [{ name: 'http' }, { name: 'grpc' }] } };
  const known = explanationsOf(object, fields.map(of));
  expect([...known].map(([path, { why }]) => [path, why])).toEqual(
    expect.arrayContaining([
      ['spec.type', 'Service.spec.**'],
      ['spec.ports[0].name', 'Service.spec.ports[name=http].name'],
      ['spec.ports[1].name', 'Service.spec.ports[].name'],
    ]),
  );
});
