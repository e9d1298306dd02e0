import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from './engine/onnxruntime.ts';
import { Model, ModelLoadError, VerificationError } from './model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-model-'));
});
afterEach(() => rm(folder, { recursive: true }));

const load = () => Model.load(folder, onnxruntime, { threads: 1 });
const put = async (fixture: string, json?: object) => {
  await cp(join(import.meta.dirname, 'fixtures', `${fixture}.onnx`), join(folder, 'model.onnx'));
  if (json) await writeFile(join(folder, 'model.json'), JSON.stringify(json));
};

test('the iris model, as its training library wrote it, reproduces its examples', async () => {
  const model = await Model.load(join(import.meta.dirname, '../models/iris'), onnxruntime, { threads: 1 });
  await expect(model.verify()).resolves.toBeUndefined();
  const [setosa, virginica] = await model.predict([
    [5.1, 3.5, 1.4, 0.2],
    [6.5, 3, 5.8, 2.2],
  ]);
  expect(setosa?.prediction).toBe('setosa');
  expect(virginica?.prediction).toBe('virginica');
  expect(Object.values(setosa?.probabilities ?? {}).reduce((sum, p) => sum + p)).toBeCloseTo(1, 5);
});

test('a classifier with string labels predicts them', async () => {
  await put('string-labels');
  const [result] = await (await load()).predict([[5.1, 3.5, 1.4, 0.2]]);
  expect(result?.prediction).toBe('setosa');
  expect(Object.keys(result?.probabilities ?? {})).toEqual(['setosa', 'versicolor', 'virginica']);
});

test('each column goes into its own input, with its own type', async () => {
  await put('columns', { classes: ['small', 'large'] });
  const results = await (
    await load()
  ).predict([
    ['red', 1],
    ['blue', 4],
  ]);
  expect(results.map(({ prediction }) => prediction)).toEqual(['small', 'large']);
});

test('a regressor predicts a number', async () => {
  await put('regressor');
  const model = await load();
  expect(model.signature.features).toHaveLength(10);
  // If every feature is at its mean, which is 0 in this data, the prediction is the mean target.
  const [mean] = await model.predict([new Array<number>(10).fill(0)]);
  expect(mean?.prediction).toBeCloseTo(152.133, 2);
});

test('verification names the example that is not reproduced, and the actual prediction', async () => {
  const json = JSON.parse(await readFile(join(import.meta.dirname, '../models/iris/model.json'), 'utf8')) as {
    examples: { prediction: string }[];
  };
  json.examples[1]!.prediction = 'virginica';
  await cp(join(import.meta.dirname, '../models/iris/model.onnx'), join(folder, 'model.onnx'));
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  const verify = (await load()).verify();
  await expect(verify).rejects.toThrow(VerificationError);
  await expect(verify).rejects.toThrow("example 1 of iris: expected 'virginica', predicted 'versicolor'");
});

test.each([
  ['the name of the dimension', 'steps-named', 'unbatched', { x: ['sequence', 1, 3] }],
  ['another dimension that is the batch', 'steps-beside-batch', 'unbatched', { x: ['', 'batch', 3] }],
  ['a run of rows that change each other', 'steps-nameless', 'unbatched', { x: ['', 1, 3] }],
  ['the name, next to inputs of one row', 'voice', 'unbatched', { frames: ['sequence_length', 3], h: [1, 1, 2] }],
  ['an output that has it elsewhere', 'transposed', 'unbatched', { x: ['M', 3] }],
  ['a run of several rows that fails', 'one-row', 'per-row', { x: [2, 2] }],
  ['nothing: the rows of a batch', '../gather', 'batched', { indices: [] }],
])('what the first dimension counts is shown by %s', async (_, name, batching, shapes) => {
  await put(`shapes/${name}`);
  const model = await load();
  const { signature } = model;
  expect(signature.batching).toBe(batching);
  expect(Object.fromEntries(signature.features.map((feature) => [feature.name, feature.shape]))).toEqual(shapes);
  await model.release();
});

test.each([
  ['rows', [[1, 2, 3]], 'batched'],
  ['sequences', [[[1, 2, 3]], [[3, 2, 1]]], 'unbatched'],
])('examples show what the first dimension counts, too: %s', async (_, x, batching) => {
  await put('shapes/steps-nameless', { examples: [{ input: { x }, outputs: {} }] });
  expect((await load()).signature.batching).toBe(batching);
});

describe('what a model finds in each row', () => {
  /** A row with large values in these places. */
  const row = (...large: number[]) => [
    { shape: [4, 4], data: Array.from({ length: 16 }, (_, index) => (large.includes(index) ? 1 : 0)) },
  ];
  const rows = [row(), row(3), row(3, 5)];
  const input = { x: [[0, 0, 0, 1], ...new Array<number[]>(3).fill([0, 0, 0, 0])] };

  test.each([
    ['the run of a generated row', undefined],
    ['an example', [{ input, outputs: { found: [[0, 0, 3]] } }]],
  ])('is a list, even of a single thing, as %s shows', async (_, examples) => {
    await put('shapes/finds', { examples });
    const model = await load();
    await model.verify();
    expect(model.signature.batching).toBe('per-row');
    expect((await model.predict(rows)).map(({ outputs }) => outputs?.['found'])).toEqual([
      [],
      [[0n, 0n, 3n]],
      [
        [0n, 0n, 3n],
        [0n, 1n, 1n],
      ],
    ]);
  });

  test('is as in an example that has a single thing without a list', async () => {
    await put('shapes/finds', { examples: [{ input, outputs: { found: [0, 0, 3] } }] });
    const model = await load();
    await model.verify();
    expect(await model.predict([row(3)])).toEqual([{ outputs: { found: [0n, 0n, 3n] } }]);
  });
});

test('without examples, lengths are tried until the model runs, and it has to run on that row again', async () => {
  await put('shapes/speech');
  const model = await load();
  await expect(model.verify()).resolves.toBeUndefined();
  expect([model.neverRan, model.notVerified]).toEqual([
    false,
    'The model has no examples; it ran on a generated input.',
  ]);
  expect(model.example?.input['samples']).toHaveLength(512);
});

test('a model that does not run on generated input can be used, unless its model.json demands more', async () => {
  await put('shapes/codes');
  const model = await load();
  await expect(model.verify()).resolves.toBeUndefined();
  expect([model.neverRan, model.notVerified]).toEqual([
    true,
    expect.stringMatching(
      /^The model has no examples, and it did not run on any of 5 generated inputs: .*look_up.*out of data bounds.*\.$/,
    ),
  ]);
  expect(await model.predict([[1003n]])).toEqual([{ prediction: 8 }]);

  await put('shapes/codes', { requireVerification: true });
  const verify = (await load()).verify();
  await expect(verify).rejects.toThrow(VerificationError);
  await expect(verify).rejects.toThrow(/which model\.json requires \("requireVerification"\).*add a real input/);

  await put('shapes/codes', {
    requireVerification: true,
    examples: [{ input: { code: 1003 }, prediction: 8 }],
  });
  const verified = await load();
  await expect(verified.verify()).resolves.toBeUndefined();
  expect([verified.neverRan, verified.notVerified]).toEqual([false, undefined]);
});

test.each([
  [
    'truncated',
    async (bytes: Buffer) => writeFile(join(folder, 'model.onnx'), bytes.subarray(0, bytes.length / 2)),
    'the file ends at byte',
  ],
  ['empty', async () => writeFile(join(folder, 'model.onnx'), ''), 'the file is empty'],
  ['missing', async () => Promise.resolve(), 'ENOENT'],
])('the error for a model.onnx that is %s names its path', async (_, write, reason) => {
  await write(await readFile(join(import.meta.dirname, 'fixtures/double.onnx')));
  await expect(load()).rejects.toThrow(ModelLoadError);
  await expect(load()).rejects.toThrow(`${folder}/model.onnx cannot be served`);
  await expect(load()).rejects.toThrow(reason);
});
