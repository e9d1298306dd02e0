/** Tests the drift metrics of a real service, by each of its ways in. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seriesOf } from '../../../infra/observability/fixtures/exposition.ts';
import { seededRandom } from '../../../onnx/seeded-random.ts';
import type { DistributionJson } from '../../../onnx/signature/distribution.ts';
import type { ModelJson } from '../../../onnx/signature/model-json.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { ModelDescription } from '../../contract/index.ts';
import { models, flower } from '../../fixtures/app.ts';
import { startService, type ServiceProcess } from '../../fixtures/process.ts';
import { TestClient } from '../../grpc/fixtures/server.ts';
import { Metrics } from '../metrics.ts';
import { countedModel, mostFeatures, mostNames } from './counted-model.ts';
import { DriftMetrics, mostModels } from './drift-metrics.ts';

let dir: string;
let service: ServiceProcess;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-drift-'));
  const iris = JSON.parse(await readFile(join(models, 'iris/model.json'), 'utf8')) as ModelJson;
  const [sepalLength, ...others] = iris.features!;
  const distribution: DistributionJson = { bounds: [5, 6], shares: [0.2, 0.5, 0.3] };
  await add('iris', '../../../models/iris/model.onnx', {
    ...iris,
    features: [{ ...sepalLength!, distribution }, ...others.map(({ distribution: _, ...each }) => each)],
    distribution: { shares: [0.25, 0.25, 0.5] },
  });
  await add('phone', '../../../fixtures/training-libraries/column-transformer/model.onnx', {
    features: [
      { name: 'city', choices: ['Bern', 'Chur'], distribution: { shares: [0.5, 0.5] } },
      { name: 'plan' },
      { name: 'age', nullable: true },
      { name: 'calls', range: [0, 10] },
    ],
  });
  await add('price', '../../../onnx/fixtures/regressor.onnx', {});
  await add('echo', '../../../onnx/fixtures/echo.onnx', {});
  service = await startService(dir, { DRIFT_SAMPLE: '1', GRPC_PORT: '0' });
});
afterAll(async () => {
  await service.stop();
  await rm(dir, { recursive: true });
});

async function add(name: string, file: string, json: ModelJson): Promise<void> {
  await mkdir(join(dir, name));
  await cp(join(import.meta.dirname, file), join(dir, name, 'model.onnx'));
  await writeFile(join(dir, name, 'model.json'), JSON.stringify(json));
}

type Bins = Readonly<Record<string, number>>;

/** Returns the values of a metric by bin, without those that are 0. */
async function bins(metric: string, labels: Readonly<Record<string, string>>): Promise<Bins> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const found: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, name, , value] = /^(\w+)(\{.*\})? (\S+)$/.exec(line) ?? [];
    if (name !== metric || value === '0') continue;
    const series = seriesOf(line).get(metric)![0]!;
    if (Object.entries(labels).every(([label, expected]) => series[label] === expected))
      found[series['bin']!] = Number(value);
  }
  return found;
}
const values = (model: string, feature: string) => bins('rhizome_feature_values_total', { model, feature });
const predictions = (model: string) => bins('rhizome_predictions_total', { model });

async function post(path: string, body: unknown): Promise<void> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
}

const tensor = { name: 'X', datatype: 'FP32', shape: [1, 4] };
const data = [5.1, 3.5, 1.4, 0.2];
const raw = Buffer.from(new Float32Array(data).buffer);

async function binary(): Promise<void> {
  const json = JSON.stringify({ inputs: [{ ...tensor, parameters: { binary_data_size: raw.length } }] });
  const response = await fetch(`${service.url}/v2/models/iris/infer`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(Buffer.byteLength(json)),
    },
    body: Buffer.concat([Buffer.from(json), raw]),
  });
  expect([response.status, (await response.arrayBuffer()).byteLength > 0]).toEqual([200, true]);
}

async function grpc(contents: object): Promise<void> {
  const client = new TestClient(service.grpcAddress);
  try {
    const inputs = [{ ...tensor, shape: ['1', '4'], ...('raw_input_contents' in contents ? {} : { contents }) }];
    await client.call('ModelInfer', { model_name: 'iris', inputs, ...contents });
  } finally {
    client.close();
  }
}

test.each<[entrance: string, send: () => Promise<void>, rows: number]>([
  ['named features', () => post('/models/iris/predictions', flower), 1],
  ['rows', () => post('/models/iris/predictions', [flower, flower]), 2],
  ['columns', () => post('/models/iris/predictions', { columns: columnsOf(3) }), 3],
  ['tensors as JSON', () => post('/v2/models/iris/infer', { inputs: [{ ...tensor, data }] }), 1],
  ['binary tensors', binary, 1],
  ['gRPC with typed contents', () => grpc({ fp32_contents: data }), 1],
  ['gRPC with raw contents', () => grpc({ raw_input_contents: [raw] }), 1],
])('rows that come as %s are counted by feature, bin and prediction', async (_, send, rows) => {
  const [before, predicted] = [(await values('iris', 'sepal_length'))['(5, 6]'] ?? 0, await predictions('iris')];
  await send();
  expect((await values('iris', 'sepal_length'))['(5, 6]']).toBe(before + rows);
  expect(await predictions('iris')).toEqual({ ...predicted, setosa: (predicted['setosa'] ?? 0) + rows });
});

const columnsOf = (rows: number) =>
  Object.fromEntries(Object.entries(flower).map(([name, value]) => [name, Array.from({ length: rows }, () => value)]));

test('values outside the range have bins of their own, as JSON that causes warnings and as tensors', async () => {
  await post('/models/iris/predictions', [
    { ...flower, petal_width: 9 },
    { ...flower, petal_width: 0 },
  ]);
  await post('/v2/models/iris/infer', { inputs: [{ ...tensor, data: [5.1, 3.5, 1.4, 9] }] });
  expect(await values('iris', 'petal_width')).toMatchObject({ '< 0.1': 1, '> 2.5': 2 });
  const outside = { model: 'iris', feature: 'petal_width', state: 'outside' };
  expect(await bins('rhizome_feature_values_total', outside)).toEqual({ '< 0.1': 1, '> 2.5': 2 });
});

test('the ends of a range and the bounds of bins belong to them, although float32 rounds them', async () => {
  const before = await values('iris', 'petal_length');
  await post('/models/iris/predictions', { ...flower, petal_length: 6.9 });
  await post('/models/iris/predictions', { ...flower, petal_length: 1 });
  await post('/models/iris/predictions', { ...flower, petal_length: 2.18 });
  expect(await values('iris', 'petal_length')).toEqual({
    ...before,
    '≤ 1.59': before['≤ 1.59']! + 1,
    '> 6.31': 1,
    '(1.59, 2.18]': 1,
  });
});

test('choices, missing values and integers are counted; texts without choices are not', async () => {
  const row = { city: 'Bern', plan: 'basic', age: 41.5, calls: 3 };
  await post('/models/phone/predictions', [
    row,
    { ...row, city: 'Chur', age: null },
    { ...row, city: 'Bonn', calls: 12 },
  ]);
  expect(await values('phone', 'city')).toEqual({ Bern: 1, Chur: 1, '(other)': 1 });
  expect(await values('phone', 'age')).toEqual({ '(10, 100]': 2, NaN: 1 });
  expect(await values('phone', 'calls')).toEqual({ '(2, 3]': 2, '> 10': 1 });
  expect(await values('phone', 'plan')).toEqual({});
  expect(Object.values(await predictions('phone')).reduce((sum, count) => sum + count, 0)).toBe(3);
});

test('the distribution of the training data is a metric, with the same bins', async () => {
  const training = (feature: string) => bins('rhizome_feature_training_share', { feature });
  expect(await training('sepal_length')).toEqual({ '≤ 5': 0.2, '(5, 6]': 0.5, '> 6': 0.3 });
  expect(await training('city')).toEqual({ Bern: 0.5, Chur: 0.5 });
  expect(await training('petal_width')).toEqual({});
  const predicted = await bins('rhizome_predictions_training_share', { model: 'iris' });
  expect(predicted).toEqual({ setosa: 0.25, versicolor: 0.25, virginica: 0.5 });
});

test('predicted numbers are counted by powers of ten if nothing is known about them', async () => {
  const { features } = (await (await fetch(`${service.url}/models/price`)).json()) as ModelDescription;
  await post('/models/price/predictions', Object.fromEntries(features.map(({ name }) => [name, 1])));
  expect(Object.values(await predictions('price'))).toEqual([1]);
});

test('the log says once what is not counted, and why', () => {
  const lines = service.firstLogs.filter(({ msg }) => msg === 'not in the drift metrics');
  expect(lines).toEqual([
    expect.objectContaining({
      model: 'echo',
      left_out: ['string: texts without "choices" in model.json', 'the predictions: tensors'],
    }),
    expect.objectContaining({ model: 'phone', left_out: ['plan: texts without "choices" in model.json'] }),
  ]);
});

test('the description of a model does not repeat its distributions', async () => {
  const description = await (await fetch(`${service.url}/models/iris`)).text();
  expect(description).not.toContain('distribution');
});

const spec = { dtype: 'float32', shape: ['N', 1] } as const;
const signature: Signature = {
  name: 'model',
  version: '1',
  inputs: [{ name: 'x', ...spec }],
  outputs: [{ name: 'y', ...spec }],
  batching: 'batched',
  features: [{ name: 'x', input: 'x', column: 0, dtype: 'float32', shape: [] }],
  output: { task: 'regressor', value: 'y' },
  metrics: {},
  examples: [],
};
const tensorOf = (rows: number) => ({ dtype: 'float32', shape: [rows, 1], data: new Float32Array(rows) }) as const;

test.each([[[1]], [[1000]], [[3, 1, 70]]])('of runs of %j rows, a sample has its share', async (sizes) => {
  const metrics = new Metrics(0.1, seededRandom(7));
  const watch = metrics.drift.watch(signature)!;
  for (let rows = 0, run = 0; rows < 20_000; run++) {
    const size = sizes[run % sizes.length]!;
    watch({ x: tensorOf(size) }, { y: tensorOf(size) });
    rows += size;
  }
  const { text } = await metrics.scrape();
  const counts = [...text.matchAll(/^rhizome_(?:feature_values|predictions)_total\{.*\} ([1-9]\d*)$/gm)];
  expect(counts).toHaveLength(2);
  for (const [, count] of counts) expect(Math.abs(Number(count) - 2000)).toBeLessThan(200);
});

test('of many features, choices, classes and models, the first ones are counted', () => {
  const many = (count: number): string[] => Array.from({ length: count }, (_, index) => `n${index}`);
  const wide = {
    ...signature,
    features: many(mostFeatures + 2).map((name, column) => ({ ...signature.features[0]!, name, column })),
    output: { task: 'classifier', label: 'y', labels: many(mostNames + 1), classes: many(mostNames + 1) },
  } as const;
  const choosy = { ...signature.features[0]!, dtype: 'string', choices: many(mostNames + 1) } as const;
  expect(countedModel(wide).features).toHaveLength(mostFeatures);
  expect(countedModel(wide).leftOut).toEqual([
    `n${mostFeatures}: more than ${mostFeatures} features`,
    `n${mostFeatures + 1}: more than ${mostFeatures} features`,
    `the predictions: more than ${mostNames} classes`,
  ]);
  expect(countedModel({ ...signature, features: [choosy] }).leftOut).toEqual([`x: more than ${mostNames} choices`]);
  const metrics = new DriftMetrics(1);
  for (let version = 1; version <= mostModels; version++) expect(metrics.watch(signature)).toBeDefined();
  expect([metrics.watch(signature), metrics.leftOut.map(({ leftOut }) => leftOut)]).toEqual([
    undefined,
    [[`the model: more than ${mostModels} versions of models`]],
  ]);
});

test('without DRIFT_SAMPLE, nothing is watched or exported', async () => {
  const metrics = new Metrics();
  expect(metrics.drift.watch(signature)).toBeUndefined();
  expect((await metrics.scrape()).text).not.toMatch(/rhizome_(feature|prediction)/);
});
