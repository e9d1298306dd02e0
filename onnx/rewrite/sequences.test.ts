import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DType, Session, Tensor } from '../engine/engine.ts';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { processEngine } from '../engine/process/process-engine.ts';
import { graphFacts } from '../graph/graph-facts.ts';
import { pack, type Scalar } from '../signature/dtypes.ts';
import { tensorsOnly } from './tensors-only.ts';

const rewritten = async (name: string) =>
  tensorsOnly(await readFile(join(import.meta.dirname, `../fixtures/graphs/${name}.onnx`)));
const load = async (name: string): Promise<Session> => onnxruntime.load((await rewritten(name)).model, { threads: 1 });

/** Returns a sequence of tensors of these shapes, with the numbers from 1 on. */
function sequence(dtype: DType, ...shapes: number[][]): Tensor {
  const lengths = shapes.map((shape) => shape.reduce((product, size) => product * size, 1));
  const length = lengths.reduce((sum, size) => sum + size, 0);
  const element = (index: number): Scalar => {
    if (dtype === 'string') return `é${index + 1}`;
    if (dtype === 'bool') return index % 2 === 0;
    return dtype.endsWith('int64') ? BigInt(index + 1) : index + 1;
  };
  return {
    dtype,
    shape: [length],
    data: pack(
      dtype,
      Array.from({ length }, (_, index) => element(index)),
    ),
    parts: shapes,
  };
}
const stack = (dtype: DType, ...shape: number[]): Tensor => {
  const { data } = sequence(dtype, shape);
  return { dtype, shape, data };
};

const shapesOf: readonly [string, readonly number[][], ...number[]][] = [
  ['different', [[2, 3], [4], [], [0, 5], [5, 0], [1, 1, 2]]],
  [
    'one shape',
    [
      [2, 1],
      [2, 1],
    ],
    2,
    2,
    1,
  ],
  ['no dimensions', [[], [], []], 3],
  ['no tensors', [], 0],
];

test.each(shapesOf)('sequences of every element type pass through: %s', async (_, shapes, ...stacked) => {
  const session = await load('sequence-types');
  expect(session.inputs.map(({ dtype, ...info }) => info)).toEqual(
    session.inputs.map(({ name }) => ({ name, shape: [], sequence: true })),
  );
  const value = (dtype: DType): Tensor =>
    stacked.length > 0
      ? { ...stack(dtype, ...stacked), data: sequence(dtype, ...shapes).data }
      : sequence(dtype, ...shapes);
  const feeds = Object.fromEntries(session.inputs.map(({ name, dtype = 'float32' }) => [name, value(dtype)]));
  const names = session.outputs.map(({ name }) => name);
  // Also a second time: the session now knows that the shapes differ.
  for (let run = 0; run < 2; run++) {
    const outputs = await session.run(feeds, names);
    expect(Object.values(outputs)).toEqual(Object.values(feeds));
  }
  await session.release();
});

test('a session takes and returns stacked and differing tensors in turn, also in a process of its own', async () => {
  const { model } = await rewritten('sequence-rows');
  const stacked = stack('float32', 2, 2, 3);
  const differing = sequence('float32', [1, 3], [2, 3]);
  const empty = { dtype: 'float32', shape: [0, 0, 3], data: new Float32Array() } as const;
  for (const engine of [onnxruntime, processEngine]) {
    const session = await engine.load(model, { threads: 1 });
    expect(session.inputs).toEqual([{ name: 's', dtype: 'float32', shape: ['', 'N', 3], sequence: true }]);
    for (const [sent, count] of [
      [stacked, 2],
      [differing, 2],
      [stacked, 2],
      [empty, 0],
      [differing, 2],
    ] as const) {
      const { out, n } = await session.run({ s: sent }, ['n', 'out']);
      expect([out, Number(n?.data[0])]).toEqual([sent, count]);
    }
    // One without a value is empty.
    expect(await session.run({}, ['n'])).toMatchObject({ n: { data: BigInt64Array.of(0n) } });
    await session.release();
  }
});

test('a long sequence may be stacked; one of tensors of different shapes is refused', async () => {
  const session = await load('sequence-rows');
  const long = stack('float32', 5000, 1, 3);
  expect((await session.run({ s: long }, ['out']))['out']).toEqual(long);
  const shapes = Array.from({ length: 1025 }, (_, index) => [1 + (index % 2), 3]);
  await expect(session.run({ s: sequence('float32', ...shapes) }, ['out'])).rejects.toMatchObject({
    code: 'run-failed',
    reason:
      "the sequence 's' has 1025 tensors, but at most 1024 are supported if their shapes differ, " +
      'or they have no elements',
  });
  const promised = { dtype: 'float32', shape: [2 ** 31 - 1, 0, 3], data: new Float32Array() } as const;
  await expect(session.run({ s: promised }, ['out'])).rejects.toMatchObject({ code: 'run-failed' });
  await session.release();
});

test('an old opset is lifted if no operator of the model means something else in a later one', async () => {
  const session = await load('sequence-opset-11');
  const feeds = { s: stack('float32', 2, 2, 3), x: stack('float32', 1, 3) };
  const { out, n } = await session.run(feeds, ['n', 'out']);
  expect([out?.parts, n?.data[0]]).toEqual([
    [
      [2, 3],
      [2, 3],
      [1, 3],
    ],
    3n,
  ]);
  await session.release();
});

test('in an opset that cannot be lifted, a run without a tensor to return says why', async () => {
  const session = await load('sequence-softmax-11');
  const x = stack('float32', 1, 3);
  const run = (s: Tensor) =>
    session.run(
      { s, x },
      session.outputs.map(({ name }) => name),
    );
  expect(await run(stack('float32', 2, 1, 3))).toMatchObject({
    out: { shape: [3, 1, 3] },
    rest: { shape: [1, 1, 3] },
    n: { data: BigInt64Array.of(2n) },
  });
  await expect(run(stack('float32', 2, 2, 3))).rejects.toMatchObject({
    code: 'ragged-sequence',
    reason: expect.stringMatching(/the sequence 'out' .*\(Non concat axis dimensions must match/),
  });
  await expect(run(stack('float32', 1, 1, 3))).rejects.toMatchObject({
    code: 'empty-sequence',
    reason: expect.stringContaining("the sequence 'rest' is empty"),
  });
  await session.release();
});

test('an optional sequence is absent, empty, or has tensors, as an input and an output', async () => {
  const session = await load('sequence-optional');
  const info = { dtype: 'string', shape: [], sequence: true, optional: true } as const;
  expect([session.inputs, session.outputs[2]]).toEqual([[{ name: 'o', ...info }], { name: 'same', ...info }]);
  const empty = { dtype: 'string', shape: [0], data: [] } as const;
  for (const [o, has, n] of [
    [undefined, 0, -1n],
    [empty, 1, 0n],
    [sequence('string', [2], [1, 1]), 1, 2n],
    [stack('string', 3, 1), 1, 3n],
    [undefined, 0, -1n],
  ] as const) {
    const outputs = await session.run(o === undefined ? {} : { o }, ['has', 'n', 'same']);
    expect([outputs['has']?.data[0], outputs['n']?.data[0], outputs['same']]).toEqual([has, n, o]);
    expect(Object.keys(outputs)).toEqual(['has', 'n', ...(o === undefined ? [] : ['same'])]);
  }
  await session.release();
});

test('an optional output that is a tensor may be absent', async () => {
  const session = await load('run-absent');
  expect(session.outputs).toEqual([{ name: 'o', dtype: 'float32', shape: ['N', 3], optional: true }]);
  const x = stack('float32', 2, 3);
  const run = (c: boolean) =>
    session.run({ x, c: { dtype: 'bool', shape: [], data: Uint8Array.of(Number(c)) } }, ['o']);
  expect([{ ...(await run(true)) }, { ...(await run(false)) }]).toEqual([{ o: x }, {}]);
  await session.release();
});

test('the loops that convert sequences are not those of the model', async () => {
  const { model, conversions } = await rewritten('sequence-rows');
  expect(graphFacts(model, conversions).operators).toEqual(new Set(['Identity', 'SequenceLength']));
  const any = await rewritten('sequence-types');
  expect(graphFacts(any.model, any.conversions).openShapes).toBe(true);
  const own = await rewritten('loop');
  expect(graphFacts(own.model, own.conversions).operators).toContain('Loop');
});
