import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entry, floatsOf, modelOf, nested, nodeOf, place, reading } from '../fixtures/hostile.ts';
import { CanonicalError, checkCanonical } from './canonical.ts';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE } from './field-numbers.ts';
import { concatenate, encode } from './protobuf.ts';

const root = join(import.meta.dirname, '../..');
const files = ['models', 'fixtures', 'onnx/fixtures'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => join(root, folder, name)),
);

test('every model that an exporter wrote passes', () => {
  expect(files.length).toBeGreaterThan(100);
  for (const file of files) checkCanonical(readFileSync(file));
});

const inFile = [entry('location', 'weights'), place(1)];
const sparse = encode(15, [encode(1, inFile)]);
const withAttribute = (...fields: readonly Uint8Array[]): Uint8Array =>
  modelOf([
    nodeOf('Own', ['x'], ['y'], [concatenate([encode(ATTRIBUTE.name, 'a'), ...fields])]),
    floatsOf(GRAPH.input, 'x', ['N', 2]),
    floatsOf(GRAPH.output, 'y', ['N', 2]),
  ]);

test.each<[string, Uint8Array, string]>([
  ['a weight with two locations', reading([place(0), ...inFile]), 'a TensorProto has the field 14 twice'],
  [
    'a location beyond 31 bits, which a runtime may cut off',
    reading([entry('location', 'weights'), encode(14, 2 ** 32 + 1)]),
    'the field 14 with the value 4294967297',
  ],
  [
    'an entry with two keys',
    reading([encode(13, [encode(1, 'other'), encode(1, 'location'), encode(2, 'weights')]), place(1)]),
    'a StringStringEntryProto has the field 1 twice',
  ],
  ['a location that is a text', reading([encode(14, 'x')]), 'the field 14 with another type'],
  [
    'an attribute whose values come before its name',
    modelOf([
      nodeOf(
        'Own',
        ['x'],
        ['y'],
        [
          concatenate([
            ...Array.from({ length: 20 }, () => Uint8Array.of(0x3d, 0, 0, 0, 0)),
            encode(ATTRIBUTE.name, 'a'),
          ]),
        ],
      ),
    ]),
    'an AttributeProto has the field 1 after its values',
  ],
  ['two graphs', concatenate([reading(inFile), reading(inFile)]), 'a ModelProto has the field 1 twice'],
  ['a sparse weight in a file', modelOf([sparse]), 'a tensor of a kind that exporters keep in the model'],
  [
    'a default of a function in a file',
    concatenate([
      modelOf([]),
      encode(MODEL.functions, [encode(11, [encode(ATTRIBUTE.name, 'a'), encode(ATTRIBUTE.tensor, inFile)])]),
    ]),
    'a tensor of a kind that exporters keep in the model',
  ],
  [
    'an attribute with a number and a graph',
    withAttribute(encode(ATTRIBUTE.int, 1), encode(ATTRIBUTE.graph, [encode(GRAPH.name, 'g')])),
    'an AttributeProto has the field 6 beside the field 3',
  ],
  [
    'an attribute whose type is another one',
    withAttribute(encode(ATTRIBUTE.graph, [encode(GRAPH.name, 'g')]), encode(ATTRIBUTE.type, 2)),
    'an AttributeProto has the field 20 with the value 2, beside the field 6',
  ],
  ['graphs in graphs', nested(1000), 'nested more than 100 deep'],
  [
    'more nodes than fit into memory',
    modelOf(Array.from({ length: 70_000 }, () => encode(GRAPH.node, []))),
    'more than 65536 nodes',
  ],
  [
    'more names of inputs than fit into memory',
    modelOf([
      encode(GRAPH.node, [
        new Uint8Array(2 * (2 ** 20 + 1)).map((_, index) => (index % 2 === 0 ? NODE.input * 8 + 2 : 0)),
      ]),
    ]),
    'more than 1048576 parts',
  ],
])('%s: refused', (_, model, message) => {
  expect(() => {
    checkCanonical(model);
  }).toThrow(CanonicalError);
  expect(() => {
    checkCanonical(model);
  }).toThrow(message);
});

test('a tag of more than 32 bits, of which runtimes read 32, is not a field', () => {
  // The field 14 and the bit 32.
  const tag = Uint8Array.of(0x80 | 0x70, 0x80, 0x80, 0x80, 0x10, 1);
  expect(() => {
    checkCanonical(reading([tag]));
  }).toThrow('invalid number');
});

test('the order of fields is free, and fields that are not known are skipped', () => {
  checkCanonical(reading([place(1), entry('length', '16'), entry('location', 'weights'), encode(1000, 'later')]));
  checkCanonical(concatenate([modelOf([]), encode(MODEL.functions, [encode(FUNCTION.name, 'f'), encode(3, 7)])]));
});
