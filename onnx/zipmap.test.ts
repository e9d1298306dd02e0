import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onnxruntime } from './engine/onnxruntime.ts';
import { ProtobufError } from './protobuf.ts';
import { removeZipMap } from './zipmap.ts';

const fixture = (name: string) => readFile(join(import.meta.dirname, 'fixtures', `${name}.onnx`));
const iris = () => readFile(join(import.meta.dirname, '../models/iris/model.onnx'));

test('the unedited export cannot be fetched: that is why the ZipMap has to go', async () => {
  const session = await onnxruntime.load(await iris(), { threads: 1 });
  expect(session.outputs).toContainEqual({ name: 'output_probability', dtype: undefined, shape: [] });
  const feeds = { X: { dtype: 'float32', shape: [1, 4], data: Float32Array.of(5, 3.5, 1.3, 0.3) } } as const;
  await expect(session.run(feeds, ['output_probability'])).rejects.toThrow('Non tensor type');
});

test.each([
  ['int64 keys', iris, [0n, 1n, 2n]],
  ['string keys', () => fixture('string-labels'), ['setosa', 'versicolor', 'virginica']],
])('with %s the output keeps its name, becomes a tensor, and the labels are kept', async (_, read, expected) => {
  const { model, labels } = removeZipMap(await read());
  expect([...labels]).toEqual([['output_probability', expected]]);
  const session = await onnxruntime.load(model, { threads: 1 });
  expect(session.outputs).toContainEqual({ name: 'output_probability', dtype: 'float32', shape: ['', 3] });
});

test('a model without a ZipMap is handed on byte for byte', async () => {
  const bytes = await fixture('no-zipmap');
  expect(removeZipMap(bytes).model).toBe(bytes);
});

test('a truncated file is told from a whole one', async () => {
  const bytes = await iris();
  expect(() => removeZipMap(bytes.subarray(0, bytes.length - 10))).toThrow(ProtobufError);
});
