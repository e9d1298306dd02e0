import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DType, Tensor, TensorData } from '../engine/engine.ts';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { ProtobufError } from '../graph/protobuf.ts';
import { NonTensorError, tensorsOnly } from './tensors-only.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, '../fixtures', `${name}.onnx`));
const iris = () => readFile(join(import.meta.dirname, '../../models/iris/model.onnx'));

/** The outputs of Python's onnxruntime, recorded by fixtures/make_graphs.py; scalars are not in a list. */
interface Expected {
  readonly feeds: Readonly<Record<string, { dtype: DType; shape: number[]; data: (number | string | boolean)[] }>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}
const expected = JSON.parse(
  await readFile(join(import.meta.dirname, '../fixtures/graphs/expected.json'), 'utf8'),
) as Record<string, Expected>;

const pack: Partial<Record<DType, (data: readonly never[]) => TensorData>> = {
  float32: (data) => Float32Array.from(data),
  float64: (data) => Float64Array.from(data),
  int64: (data) => BigInt64Array.from(data, BigInt),
  int8: (data) => Int8Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  bool: (data) => Uint8Array.from(data, Number),
  string: (data) => data,
};
const nested = (values: readonly unknown[], [size, ...rest]: readonly number[]): unknown => {
  if (size === undefined) return values[0];
  const each = values.length / size;
  return Array.from({ length: size }, (_, index) => nested(values.slice(index * each, (index + 1) * each), rest));
};
const plain = ({ data, shape }: Tensor): unknown =>
  nested(
    Array.from<unknown, unknown>(data, (value) => (typeof value === 'bigint' ? Number(value) : value)),
    shape,
  );

async function runModel(model: Uint8Array, feeds: Expected['feeds']): Promise<Record<string, unknown>> {
  const session = await onnxruntime.load(model, { threads: 1 });
  const tensors = Object.fromEntries(
    Object.entries(feeds).map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, data: pack[dtype]!(data as never[]) },
    ]),
  );
  const outputs = await session.run(
    tensors,
    session.outputs.map(({ name }) => name),
  );
  await session.release();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, plain(tensor)]));
}

/** Compares numbers within the rounding of float32, and everything else exactly. */
function close(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((each, index) => close(actual[index], each))
    );
  return typeof wanted === 'number'
    ? Math.abs(Number(actual) - wanted) <= 1e-5 * Math.max(1, Math.abs(wanted))
    : actual === wanted;
}

test('the runtime cannot return the output of a ZipMap: this is why it has to be removed', async () => {
  const session = await onnxruntime.load(await iris(), { threads: 1 });
  expect(session.outputs).toContainEqual({ name: 'output_probability', dtype: undefined, shape: [] });
  const feeds = { X: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(5, 3.5, 1.3, 0.3) } } as const;
  await expect(session.run(feeds, ['output_probability'])).rejects.toThrow('Non tensor type');
});

test.each([
  ['int64 keys', iris, [0n, 1n, 2n]],
  ['string keys', () => fixture('string-labels'), ['setosa', 'versicolor', 'virginica']],
])(
  '%s: the output keeps its name and becomes a tensor, and the labels are returned',
  async (_, read, labelsExpected) => {
    const { model, labels } = tensorsOnly(await read());
    expect([...labels]).toEqual([['output_probability', labelsExpected]]);
    const session = await onnxruntime.load(model, { threads: 1 });
    expect(session.outputs).toContainEqual({ name: 'output_probability', dtype: 'float32', shape: ['', 3] });
  },
);

test.each(Object.keys(expected))(
  "%s: every output is a tensor, with the values that Python's onnxruntime returns",
  async (name) => {
    const { feeds, outputs } = expected[name]!;
    const actual = await runModel(tensorsOnly(await fixture(`graphs/${name}`)).model, feeds);
    expect(Object.keys(actual)).toEqual(Object.keys(outputs));
    for (const [output, value] of Object.entries(outputs))
      expect([output, actual[output], close(actual[output], value)]).toEqual([output, expect.anything(), true]);
  },
);

test.each([
  [
    'zipmaps',
    [
      ['first', [7n, 8n, 9n]],
      ['second', ['red', 'green', 'blue']],
    ],
  ],
  ['zipmap-identities', [['p', [7n, 8n, 9n]]]],
  ['zipmap-if', [['p', [7n, 8n, 9n]]]],
  ['zipmap-function', [['p', [7n, 8n, 9n]]]],
])('%s: the labels are found wherever the ZipMap is', async (name, labels) => {
  expect([...tensorsOnly(await fixture(`graphs/${name}`)).labels]).toEqual(labels);
});

test.each<[string, string, DType, (number | string)[]]>([
  ['zipmap-double', 'p', 'float64', ['N', 3]],
  ['zipmap-if', 'p', 'float32', ['N', 3]],
  ['construct', 's_1', 'float32', ['N', 3]],
  ['split-sizes', 's_1', 'float32', ['N', 2]],
  ['split-size', 's_1', 'float32', ['N', 1]],
  ['split-columns', 's_2', 'float32', ['N']],
  ['split-rows', 's', 'float32', ['', 3]],
  ['loop', 's', 'float32', ['', 'N', 3]],
  ['optional-tensor', 'o', 'float32', ['N', 3]],
  ['int4-output', 'o', 'int8', ['N', 3]],
  ['multi-output', 'probabilities_0', 'float32', ['', 3]],
  ['multi-output', 'probabilities_1', 'float32', ['', 2]],
])('%s: the shape of %s is declared as far as it is known', async (name, output, dtype, shape) => {
  const session = await onnxruntime.load(tensorsOnly(await fixture(`graphs/${name}`)).model, { threads: 1 });
  expect(session.outputs.map(({ sequence: _, ...info }) => info)).toContainEqual({ name: output, dtype, shape });
});

test('a model that has only tensors is returned unchanged', async () => {
  const bytes = await fixture('no-zipmap');
  expect(tensorsOnly(bytes).model).toBe(bytes);
});

test.each([
  [
    'branches',
    "the output 'p' is seq(map(int64, float32)), produced by the node 'choose' (If), but Rhizome can serve only " +
      'tensors. Its branches have different labels. Export the probabilities as a tensor: ' +
      "skl2onnx's to_onnx(…, options={'zipmap': False})",
  ],
  ['map', "the output 'p' is seq(map(int64, float32)), produced by the node 'vote' (own.Vote)"],
  [
    'absent',
    "the output 'o' is optional(float32[1]), produced by the node 'nothing' (Optional), but Rhizome can serve only " +
      'tensors. It is always absent',
  ],
  [
    'sequence-11',
    "the input 's' is seq(float32), which Rhizome can serve only if the model uses opset 13 or later, but it uses " +
      'opset 11. Export the model again',
  ],
  ['sequence-15', "the input 'o' is optional(seq(string)), which Rhizome can serve only if the model uses opset 16 or"],
  ['input', "the input 'd' is map(string, float32), but clients can send only tensors. Export only the part"],
])('refused-%s: the error names what cannot be a tensor, and how to export it instead', async (name, message) => {
  const bytes = await fixture(`graphs/refused-${name}`);
  expect(() => tensorsOnly(bytes)).toThrow(NonTensorError);
  expect(() => tensorsOnly(bytes)).toThrow(message);
});

test('a damaged model causes an error of ours, or is rewritten; it never crashes the parser', async () => {
  let state = 7;
  const random = (below: number): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) % below;
  const models = await Promise.all(Object.keys(expected).map((name) => fixture(`graphs/${name}`)));
  const failures = Array.from({ length: 3000 }, () => {
    const bytes = Uint8Array.from(models[random(models.length)]!);
    for (let bytesToChange = 1 + random(3); bytesToChange > 0; bytesToChange--)
      bytes[random(bytes.length)] = random(256);
    try {
      tensorsOnly(bytes);
      return undefined;
    } catch (error) {
      return error;
    }
  });
  expect(
    failures.filter(
      (error) => error !== undefined && !(error instanceof ProtobufError) && !(error instanceof NonTensorError),
    ),
  ).toEqual([]);
});

test('a truncated file is an error', async () => {
  const bytes = await iris();
  expect(() => tensorsOnly(bytes.subarray(0, bytes.length - 10))).toThrow(ProtobufError);
});
