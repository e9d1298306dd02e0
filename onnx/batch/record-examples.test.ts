import type { GraphNode } from '../graph/node.ts';
import type { Row } from '../signature/cells.ts';
import type { Feature, Signature } from '../signature/signature.ts';
import { plausibleInputs } from './plausible-inputs.ts';
import type { Prediction } from './decode-predictions.ts';
import { recordExamples } from './record-examples.ts';

const feature = (name: string, dtype: Feature['dtype'], input = 'X', column = 0): Feature => ({
  name,
  dtype,
  input,
  column,
  shape: [],
});
const signature = (features: readonly Feature[]): Signature => ({
  name: 'm',
  version: '1',
  inputs: [],
  outputs: [],
  batching: 'batched',
  features,
  output: { task: 'regressor', value: 'y' },
  metrics: {},
  examples: [],
});
const node = (
  opType: string,
  lists: Readonly<Record<string, readonly (number | bigint | string)[]>>,
  inputs: readonly string[] = [],
): GraphNode => ({
  opType,
  inputs,
  floats: (name) => (lists[name] ?? []).filter((value) => typeof value === 'number'),
  ints: (name) => (lists[name] ?? []).filter((value) => typeof value === 'bigint'),
  strings: (name) => (lists[name] ?? []).filter((value) => typeof value === 'string'),
});
const column = (rows: readonly Row[], index: number) => rows.map((row) => Number(row[index]));
const two = signature([feature('a', 'float32', 'X', 0), feature('b', 'float32', 'X', 1)]);

describe('plausible inputs', () => {
  test('lie around the mean of a scaler', () => {
    const sets = plausibleInputs(two, [node('Scaler', { offset: [100, 0.5], scale: [0.1, 10] })]);
    expect(sets).toHaveLength(1);
    expect(column(sets[0]!, 0).every((value) => value >= 85 && value <= 115)).toBe(true);
    expect(column(sets[0]!, 1).every((value) => value >= 0.35 && value <= 0.65)).toBe(true);
    expect(new Set(column(sets[0]!, 0)).size).toBeGreaterThan(10);
  });

  test("lie on both sides of the trees' thresholds", () => {
    const [rows] = plausibleInputs(two, [
      node('TreeEnsembleRegressor', {
        nodes_featureids: [0n, 0n, 1n],
        nodes_values: [20, 40, 999],
        nodes_modes: ['BRANCH_LEQ', 'BRANCH_LEQ', 'LEAF'],
      }),
    ]);
    expect(Math.min(...column(rows!, 0))).toBeLessThan(20);
    expect(Math.max(...column(rows!, 0))).toBeGreaterThan(40);
    expect(column(rows!, 1).every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  test("are the encoder's categories, and fit their types", () => {
    const [rows] = plausibleInputs(
      signature([
        feature('colour', 'string', 'colour'),
        feature('on', 'bool', 'on'),
        feature('count', 'uint8', 'count'),
      ]),
      [node('OneHotEncoder', { cats_strings: ['red', 'blue'] }, ['colour'])],
    );
    expect(new Set(rows!.map(([colour]) => colour))).toEqual(new Set(['red', 'blue']));
    expect(new Set(rows!.map(([, on]) => on))).toEqual(new Set([true, false]));
    expect(column(rows!, 2).every((count) => Number.isInteger(count) && count >= 0)).toBe(true);
  });

  test('are the same each time', () => {
    expect(plausibleInputs(two, [])).toEqual(plausibleInputs(two, []));
  });
});

describe('recorded examples', () => {
  const result = (prediction: string | number, probabilities?: Record<string, number>): Prediction => ({
    prediction,
    ...(probabilities && { probabilities }),
  });

  test('show two classes, each in the surest prediction', async () => {
    const predict = ([a]: Row) => {
      const low = 1 - Number(a) / 10;
      return Promise.resolve(result(low > 0.5 ? 'low' : 'high', { low, high: 1 - low }));
    };
    const examples = await recordExamples(
      two,
      [
        [
          [4, 0],
          [1, 0],
          [5.1, 0],
          [9, 0],
        ],
      ],
      predict,
    );
    expect(examples).toEqual([
      { input: { a: 1, b: 0 }, prediction: 'low', probabilities: { low: 0.9, high: 0.1 } },
      { input: { a: 9, b: 0 }, prediction: 'high', probabilities: { low: 0.1, high: 0.9 } },
    ]);
  });

  test('come from the first set that leads to different predictions', async () => {
    const predict = ([a]: Row) => Promise.resolve(result(Number(a) > 50 ? 'large' : 'small'));
    const examples = await recordExamples(
      two,
      [
        [
          [1, 0],
          [2, 0],
        ],
        [
          [60, 0],
          [3, 0],
        ],
        [
          [70, 0],
          [4, 0],
        ],
      ],
      predict,
    );
    expect(examples.map(({ input }) => input['a'])).toEqual([60, 3]);
  });

  test('skip rows that the model rejects, and predictions that JSON cannot hold', async () => {
    const predict = ([a]: Row) => {
      if (a === 0) return Promise.reject(new Error('unknown category'));
      return Promise.resolve(result(a === 1 ? Number.NaN : Number(a)));
    };
    const examples = await recordExamples(
      two,
      [
        [
          [0, 0],
          [1, 0],
          [2, 0],
          [3, 0],
        ],
      ],
      predict,
    );
    expect(examples.map(({ prediction }) => prediction)).toEqual([2, 3]);
  });

  test('fail if the model accepts none of the rows', async () => {
    await expect(recordExamples(two, [[[0, 0]]], () => Promise.reject(new Error('unknown category')))).rejects.toThrow(
      'unknown category',
    );
  });
});
