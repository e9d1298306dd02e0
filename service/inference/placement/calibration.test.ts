/** Every model of the repository: whatever the measurement decides, requests that share runs get their own results. */
import { join } from 'node:path';
import type { DType, Tensor, TensorData } from '../../../onnx/engine/engine.ts';
import { memoryEngine, type MemoryModel } from '../../../onnx/engine/fixtures/memory-engine.ts';
import { onnxruntime } from '../../../onnx/engine/onnxruntime.ts';
import type { Row } from '../../../onnx/signature/cells.ts';
import { pack } from '../../../onnx/signature/dtypes.ts';
import { resolveSignature } from '../../../onnx/signature/signature.ts';
import { difference } from '../../../fixtures/training-libraries/difference.ts';
import {
  trainedModels,
  trainingLibrariesFolder,
  type RecordedTensor,
} from '../../../fixtures/training-libraries/recorded-models.ts';
import { ownOutputs } from '../batch.ts';
import { calibrate, firstRuns, type Calibration } from './calibration.ts';
import { ModelRepository } from '../repository/repository.ts';
import type { Tensors } from '../run.ts';

async function repository(dir: string): Promise<ModelRepository> {
  const loaded = new ModelRepository(dir);
  await loaded.load(onnxruntime, { threads: 1 });
  return loaded;
}

const toTensors = (tensors: readonly RecordedTensor[]): Tensors =>
  Object.fromEntries(
    tensors.map(({ name, dtype, shape, data }): [string, Tensor] => [name, { dtype, shape, data: pack(dtype, data) }]),
  );

describe('models of training libraries', () => {
  let models: ModelRepository;
  beforeAll(async () => {
    models = await repository(trainingLibrariesFolder);
  }, 60_000);
  afterAll(() => models.release());

  test.each(trainedModels().map(({ name, rows }) => ({ name, rows })))(
    '$name: many requests at once get what each gets alone',
    async ({ name, rows }) => {
      const { model, executor } = models.get(name);
      const fetches = model.signature.outputs.map((output) => output.name);
      // Three times each row, in another order each time.
      const requests = [...rows, ...rows.toReversed(), ...rows.slice(1), ...rows.slice(0, 1)].map(({ inputs }) =>
        toTensors(inputs),
      );
      const together = await Promise.all(
        requests.map((feeds) => executor.run(feeds, fetches, { deadline: Infinity }).then(ownOutputs)),
      );
      for (const [index, feeds] of requests.entries()) {
        const alone = await model.run(feeds, fetches);
        for (const output of fetches) {
          expect(together[index]?.[output]?.shape).toEqual(alone[output]?.shape);
          const [a, b] = [values(together[index]?.[output]), values(alone[output])];
          expect(difference(a, b)).toBeLessThan(1e-5);
        }
      }
      expect([executor.queuedRows, executor.queuedBytes]).toEqual([0, 0]);
    },
  );

  test('dynamic quantization mixes the rows of a run: they are not stacked, and the description says why', () => {
    const { plan } = models.get('int8-dynamic').executor;
    expect(plan).toMatchObject({ stackRows: false, maxBatch: 1 });
    expect(plan.unstackable).toContain("the output 'probabilities' of a row changes with the other rows");
  });

  test('static quantization, trees and networks are batched', () => {
    for (const name of ['int8-static', 'random-forest', 'xgboost-multiclass', 'torch-mlp', 'float16', 'joined-text'])
      expect([name, models.get(name).executor.plan.unstackable]).toEqual([name, undefined]);
  });
});

test('iris is batched on the event loop', async () => {
  const models = await repository(join(import.meta.dirname, '../../../models'));
  const { plan } = models.get('iris').executor;
  expect(plan).toMatchObject({ stackRows: true, placement: 'event-loop' });
  expect(plan.maxBatch).toBeGreaterThan(1);
  await models.release();
});

const values = (tensor: Tensor | undefined): (number | string | bigint | boolean)[] =>
  Array.from<number | string | bigint>((tensor?.data ?? []) as ArrayLike<number | string | bigint>);

/** Measures a model from X float32[N, width] to Y with the given function. */
async function measured(
  compute: (rows: number, data: Float32Array) => { dtype: DType; data: TensorData; rows?: number },
  rows: readonly Row[] = [
    [1, 2],
    [3, 4],
    [5, -6],
    [7, 80],
  ],
  width = 2,
): Promise<Calibration> {
  const described: MemoryModel = {
    inputs: [{ name: 'X', dtype: 'float32', shape: ['N', width] }],
    outputs: [{ name: 'Y', dtype: 'float32', shape: ['N', 1] }],
    compute: ({ X }) => {
      const count = X?.shape[0] ?? 0;
      const { dtype, data, rows: returned = count } = compute(count, X?.data as Float32Array);
      return { Y: { dtype, shape: [returned, 1], data } };
    },
  };
  const session = await memoryEngine(described).load(new Uint8Array(), { threads: 1 });
  const signature = resolveSignature({ name: 'm' }, session, { labels: new Map() }, {});
  return calibrate(signature, session, await firstRuns(signature, session, [rows]));
}

const perRow = (rows: number, of: (row: number) => number) => ({
  dtype: 'float32' as const,
  data: Float32Array.from({ length: rows }, (_, row) => of(row)),
});

test('a model that normalizes over the rows of a run is found', async () => {
  const { unstackable } = await measured((rows, data) => {
    const mean = data.reduce((sum, each) => sum + each, 0) / rows;
    return perRow(rows, (row) => (data[2 * row] ?? 0) / mean);
  });
  expect(unstackable).toContain("the output 'Y' of a row changes");
});

test('so is one that depends on the order of the rows', async () => {
  const { unstackable } = await measured((rows, data) => perRow(rows, (row) => (data[2 * row] ?? 0) + 0.1 * row));
  expect(unstackable).toContain("the output 'Y' of a row changes");
});

test('and one that computes a later row of a large run differently', async () => {
  const { unstackable } = await measured((rows, data) =>
    perRow(rows, (row) => (data[2 * row] ?? 0) + (rows >= 8 && row === 6 ? 1 : 0)),
  );
  expect(unstackable).toContain("the output 'Y' of a row changes");
});

test('and one that returns another number of rows', async () => {
  const { unstackable } = await measured(() => ({ ...perRow(1, () => 1), rows: 1 }));
  expect(unstackable).toBe('an output does not have one row for each row of the inputs');
});

test('rounding differences are not a dependence', async () => {
  const { unstackable, costs } = await measured((rows, data) =>
    perRow(rows, (row) => (data[2 * row] ?? 0) * (1 + (rows % 3) * 1e-7)),
  );
  expect(unstackable).toBeUndefined();
  expect(costs[0]?.rows).toBe(1);
});

test('too few different rows are no proof', async () => {
  const { unstackable } = await measured(
    (rows) => perRow(rows, () => 1),
    [
      [1, 2],
      [1, 2],
      [3, 4],
    ],
  );
  expect(unstackable).toBe('there are fewer than 4 different rows to compare runs with');
});

test('rows whose copies take longer than their runs are not run together', async () => {
  const width = 250_000;
  const rows = [1, 2, 3, 4].map((value): Row => [{ shape: [width], data: new Array<number>(width).fill(value) }]);
  const { unstackable, costs } = await measured(
    (count, data) => perRow(count, (row) => data[row * width] ?? 0),
    rows,
    width,
  );
  expect(unstackable).toBeUndefined();
  expect(costs.map(({ rows: count }) => count)).toEqual([1]);
});
