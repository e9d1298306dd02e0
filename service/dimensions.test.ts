import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, start } from './fixtures/app.ts';

const fixtures = join(import.meta.dirname, '../onnx/fixtures/shapes');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-dimensions-'));
  for (const name of ['same-names', 'same-lengths', 'same-memory', 'steps-nameless', 'voice', 'one-row']) {
    await mkdir(join(dir, name));
    await cp(join(fixtures, `${name}.onnx`), join(dir, name, 'model.onnx'));
  }
});
afterAll(() => rm(dir, { recursive: true }));

const infer = async (
  model: string,
  tensors: Readonly<Record<string, readonly number[]>>,
  data = (length: number): unknown => new Array<number>(length).fill(1),
): Promise<unknown> => {
  const { request } = await start({ dir });
  const inputs = Object.entries(tensors).map(([name, shape]) => ({
    name,
    datatype: 'FP32',
    shape,
    data: data(shape.reduce((product, size) => product * size, 1)),
  }));
  return json(await request('POST', `/v2/models/${model}/infer`, { inputs }));
};
const predict = async (model: string, body: unknown): Promise<unknown> => {
  const { request } = await start({ dir });
  return json(await request('POST', `/models/${model}/predictions`, body));
};

interface Inferred {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

test('a sequence is one value: its steps are no rows, each of which would start anew', async () => {
  const steps = [[[0.5, 1, 0]], [[0.1, 0.2, 0.9]], [[1, 0, 0.3]]];
  const { outputs } = (await infer('steps-nameless', { x: [3, 1, 3] }, () => steps.flat(2))) as Inferred;
  const predicted = (await predict('steps-nameless', { x: steps })) as { outputs: { states: number[][][] } };
  expect(predicted.outputs.states.flat(2)).toEqual(outputs[0]!.data);
  // The first step alone has its state; the others do not.
  const [first, second] = (await Promise.all(
    steps.slice(0, 2).map((step) => predict('steps-nameless', { x: [step] })),
  )) as (typeof predicted)[];
  expect(first!.outputs.states[0]![0]![0]).toBeCloseTo(predicted.outputs.states[0]![0]![0]!, 5);
  expect(Math.abs(second!.outputs.states[0]![0]![0]! - predicted.outputs.states[1]![0]![0]!)).toBeGreaterThan(0.01);
});

test('a sequence of frames goes with a state of one row, which the next request gets', async () => {
  const frames = [
    [1, 2, 3],
    [3, 2, 1],
    [0, 0, 1],
  ];
  const zero = [[[0, 0]]];
  const ask = (some: readonly unknown[], h: unknown) =>
    predict('voice', { frames: some, h }) as Promise<{ outputs: { speech: number[]; hn: unknown } }>;
  const whole = await ask(frames, zero);
  expect(whole.outputs.speech).toHaveLength(3);
  const beginning = await ask(frames.slice(0, 2), zero);
  expect(beginning.outputs.speech).toEqual(whole.outputs.speech.slice(0, 2));
  expect(await ask(frames.slice(2), beginning.outputs.hn)).toMatchObject({ outputs: { speech: [expect.any(Number)] } });
});

test('a graph that contains one row gets the rows of a request one by one', async () => {
  const row = (sign: number) => ({
    x: [
      [sign, 2],
      [3, 4],
    ],
  });
  expect(await predict('one-row', [row(-1), row(5)])).toMatchObject([
    { outputs: { y: [1, 2, 3, 4] } },
    { outputs: { y: [5, 2, 3, 4] } },
  ]);
});

test('dimensions with the same name need not be equal: the graph decides', async () => {
  expect(await infer('same-names', { a: [1, 2], b: [1, 3], square: [1, 2, 5] })).toMatchObject({
    outputs: [
      { name: 'joined', shape: [1, 5] },
      { name: 'shape', data: [1, 2, 5] },
    ],
  });
  expect(await predict('same-names', { a: [1, 2], b: [3], square: [[1, 1]] })).toMatchObject({
    outputs: { joined: [1, 2, 3], shape: [1, 1, 2] },
  });
});

test.each([
  [
    'same-lengths',
    { a: [1, 2], b: [1, 3] },
    "the node 'add' (Add) failed: Attempting to broadcast an axis by a dimension other than 1. 2 by 3. " +
      "Dimension 1 of 'b' is 3, dimension 1 of 'a' is 2, and the model calls both 'M'.",
  ],
  [
    'same-memory',
    { a: [2], b: [3] },
    'dimensions to which the model gives the same name have different sizes, which its run does not allow: the ' +
      "shapes are [2] and [3]. Dimension 0 of 'b' is 3, dimension 0 of 'a' is 2, and the model calls both 'M'.",
  ],
])('%s: if it does need them to be equal, the message names both', async (model, shapes, reason) => {
  expect(await infer(model, shapes)).toEqual({ error: `The model's runtime rejects the inputs: ${reason}` });
});
