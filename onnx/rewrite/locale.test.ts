import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { modelOf, nodeOf } from '../fixtures/hostile.ts';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from '../graph/field-numbers.ts';
import { stringAttribute } from '../graph/node.ts';
import { concatenate, encode } from '../graph/protobuf.ts';
import { readModelFile } from '../file/model-file.ts';
import { withPortableLocale } from './locale.ts';

const STRING = 8;
const texts = (field: number, name: string): Uint8Array =>
  encode(field, [
    encode(VALUE_INFO.name, name),
    encode(VALUE_INFO.type, [
      encode(TYPE.tensor, [
        encode(TENSOR_TYPE.elementType, STRING),
        encode(TENSOR_TYPE.shape, [encode(SHAPE.dimension, [])]),
      ]),
    ]),
  ]);
const graph = [texts(GRAPH.input, 'x'), texts(GRAPH.output, 'y')];
const lower = (...more: readonly Uint8Array[]): readonly Uint8Array[] => [
  stringAttribute('case_change_action', 'LOWER'),
  ...more,
];
const locale = (name: string): Uint8Array => stringAttribute('locale', name);

async function lowered(model: Uint8Array): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-locale-'));
  const path = join(folder, 'model.onnx');
  await writeFile(path, model);
  const session = await onnxruntime.load((await readModelFile(path)).model, { threads: 1 });
  const { y } = await session.run({ x: { dtype: 'string', shape: [2], data: ['IRIS', 'ÄPFEL'] } }, ['y']);
  await session.release();
  await rm(folder, { recursive: true });
  return y?.data;
}

const branch = (name: string, node: Uint8Array): Uint8Array =>
  concatenate([
    encode(ATTRIBUTE.name, name),
    encode(ATTRIBUTE.graph, [node, encode(GRAPH.name, name), texts(GRAPH.output, 'b')]),
    encode(ATTRIBUTE.type, 5),
  ]);
const inside = nodeOf('StringNormalizer', ['x'], ['b'], lower(locale('xx_XX')));
// A scalar of type bool that is true, as a Constant.
const truth = nodeOf(
  'Constant',
  [],
  ['c'],
  [
    concatenate([
      encode(ATTRIBUTE.name, 'value'),
      encode(ATTRIBUTE.tensor, [encode(2, 9), encode(9, [Uint8Array.of(1)])]),
      encode(ATTRIBUTE.type, 4),
    ]),
  ],
);

test.each<[string, Uint8Array]>([
  ['one that no machine has', modelOf([nodeOf('StringNormalizer', ['x'], ['y'], lower(locale('xx_XX'))), ...graph])],
  ["the runtime's own default", modelOf([nodeOf('StringNormalizer', ['x'], ['y'], lower()), ...graph])],
  [
    'one inside of a branch',
    modelOf([
      truth,
      nodeOf('If', ['c'], ['y'], [branch('then_branch', inside), branch('else_branch', inside)]),
      ...graph,
    ]),
  ],
])('a StringNormalizer works with any locale: %s', async (_, model) => {
  expect(await lowered(model)).toEqual(['iris', 'äpfel']);
});

test('one in a function of the model is changed too', () => {
  const node = nodeOf('StringNormalizer', ['x'], ['y'], lower(locale('xx_XX'))).subarray(2);
  const before = concatenate([modelOf(graph), encode(MODEL.functions, [encode(FUNCTION.node, [node])])]);
  const after = Buffer.from(withPortableLocale(before)).toString();
  expect(after).toContain('C.UTF-8');
  expect(after).not.toContain('xx_XX');
});

test('a locale whose letters have other capitals stays, and the error says what is missing', async () => {
  const model = modelOf([nodeOf('StringNormalizer', ['x'], ['y'], lower(locale('tr_XX'))), ...graph]);
  await expect(lowered(model)).rejects.toThrow(
    'the ONNX runtime cannot load the model: a StringNormalizer node uses the locale tr_XX, which this machine does ' +
      'not have. Install the locale, or export the model with another one.',
  );
});

test('a model without one is returned unchanged', () => {
  const model = modelOf([nodeOf('Identity', ['x'], ['y']), ...graph]);
  expect(withPortableLocale(model)).toBe(model);
});
