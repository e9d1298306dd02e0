import { difference, flat, tensorsDifference, tolerance } from '../fixtures/training-libraries/difference.ts';
import {
  predictionDifference,
  asLibraryMethod,
  toFeatures,
  type RowPrediction,
  type DescribedModel,
} from '../fixtures/training-libraries/row-predictions.ts';
import {
  readJson,
  rowsOf,
  trainedModels,
  trainingLibrariesFolder,
  writeJson,
  type Run,
  type TrainedModel,
} from '../fixtures/training-libraries/recorded-models.ts';
import { inferBinary, inferJson } from './fixtures/oip.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';

// Every model in fixtures/training-libraries returns the same over sockets as Python's onnxruntime and its training
// library. TABLE=1 prints the largest difference for each model and API.

const models = trainedModels();
const largest = new Map<string, Map<string, number>>();
let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(trainingLibrariesFolder);
});
afterAll(async () => {
  expect([await service.stop(), service.errors()]).toEqual([0, '']);
  if (process.env['TABLE'] !== undefined) process.stdout.write(`${table()}\n`);
});

const tasks: Readonly<Record<string, readonly string[]>> = {
  classifier: [
    'calibrated-classifier',
    'column-transformer',
    'gradient-boosting',
    'k-neighbors',
    'lightgbm-binary',
    'lightgbm-multiclass',
    'linear-svc',
    'logistic-regression',
    'logistic-regression-columns',
    'logistic-regression-float64',
    'logistic-regression-no-zipmap',
    'logistic-regression-strings',
    'missing-values',
    'mlp-classifier',
    'random-forest',
    'svc',
    'text-classifier',
    'xgboost-binary',
    'xgboost-multiclass',
  ],
  regressor: ['lightgbm-regressor', 'linear-regression', 'random-forest-regressor', 'xgboost-regressor'],
  'anomaly-detector': ['isolation-forest', 'local-outlier-factor', 'one-class-svm'],
};
const taskOf = (name: string): string => Object.keys(tasks).find((task) => tasks[task]?.includes(name)) ?? 'tensors';

/** Models for which the exporter itself differs from the training library by more than 1e-4. */
const exporters: Readonly<Record<string, number>> = {
  // It computes distances in float32, as sums of squares.
  'local-outlier-factor': 1e-2,
};

describe.each(models)('$name', (model) => {
  const path = `/models/${model.name}`;

  test('is served under its task', async () => {
    expect((await describeModel(path)).task).toBe(taskOf(model.name));
    if (taskOf(model.name) !== 'classifier') return;
    const row = toFeatures(model.rows[0]!, await describeModel(path), model.batch !== undefined);
    const { probabilities, scores } = (await predict(path, row)) as RowPrediction;
    // Support vector machines without probabilities.
    const expected = ['svc', 'linear-svc'].includes(model.name)
      ? [undefined, expect.any(Object)]
      : [expect.any(Object), undefined];
    expect([probabilities, scores]).toEqual(expected);
  });

  test("predicts from named features: a row, rows and columns, with the training library's results", async () => {
    const described = await describeModel(path);
    const rows = model.rows.map((row) =>
      toFeatures(row, described, model.batch !== undefined || row.inputs.every(({ shape }) => shape[0] === 1)),
    );
    const names = described.features.map(({ name }) => name);
    expect(Object.keys(rows[0]!)).toEqual(names);
    const columns = Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));

    const single = await Promise.all(rows.map(async (row) => (await predict(path, row)) as RowPrediction));
    const batch = (await predict(path, rows)) as RowPrediction[];
    const table = (await predict(path, { columns })) as RowPrediction[];
    const together = model.batch ? rowsOf(model.batch, rows.length) : model.rows;
    compare(
      model,
      'predictions',
      Math.max(
        answersDifference(single, model.rows),
        answersDifference(batch, together),
        answersDifference(table, together),
      ),
    );
    for (const [method, expected] of Object.entries(model.library)) {
      if (method === 'score_samples') continue;
      const label = model.rows[0]!.outputs[0]!.name;
      // Labels may be numbers in the training library, but are names of classes here.
      const told = batch.map((answer) => flat(asLibraryMethod(method, answer, label)).map(comparable));
      const off = Math.max(...told.map((values, row) => difference(values, flat(expected[row]).map(comparable))));
      note(model.name, 'library', off);
      expect(off).toBeLessThanOrEqual(exporters[model.name] ?? 1e-4);
    }
  });

  test('serves the Open Inference Protocol in JSON', async () => {
    await inferAll(model, 'v2 JSON', inferJson);
  });

  test('serves the Open Inference Protocol in binary', async () => {
    await inferAll(model, 'v2 binary', inferBinary);
  });
});

async function inferAll(model: TrainedModel, api: string, infer: typeof inferJson): Promise<void> {
  for (const run of [...model.rows, ...(model.batch ? [model.batch] : [])]) {
    compare(
      model,
      api,
      tensorsDifference(await infer(`${service.url}/v2/models/${model.name}/infer`, run.inputs), run.outputs),
    );
  }
}

async function describeModel(path: string): Promise<DescribedModel> {
  return (await (await fetch(service.url + path)).json()) as DescribedModel;
}

async function predict(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(`${service.url}${path}/predictions`, {
    method: 'POST',
    body: writeJson(body),
    headers: { 'Content-Type': 'application/json' },
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
  return readJson(text);
}

function answersDifference(answers: readonly RowPrediction[], rows: readonly Run[]): number {
  return answers.length === rows.length
    ? Math.max(...answers.map((answer, index) => predictionDifference(answer, rows[index]!)))
    : Infinity;
}

function comparable(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value)) ? Number(value) : value;
}

function compare(model: TrainedModel, api: string, off: number): void {
  note(model.name, api, off);
  expect(off).toBeLessThanOrEqual(Math.max(...model.rows[0]!.outputs.map(({ dtype }) => tolerance(dtype))));
}

function note(name: string, api: string, off: number): void {
  const apis = largest.get(name) ?? new Map<string, number>();
  largest.set(name, apis.set(api, Math.max(off, apis.get(api) ?? 0)));
}

function table(): string {
  const apis = ['predictions', 'v2 JSON', 'v2 binary', 'library'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const formatValue = (off: number | undefined): string =>
    off === undefined ? '–' : off === 0 ? '0' : off.toExponential(0);
  return [
    line(['model', ...apis]),
    line(['---', ...apis.map(() => '---')]),
    ...[...largest].map(([name, of]) => line([name, ...apis.map((api) => formatValue(of.get(api)))])),
  ].join('\n');
}
