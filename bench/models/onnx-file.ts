/** Writes ONNX files: just what the generated models need. Field numbers are from onnx.proto. */
import { ATTRIBUTE, DIMENSION, GRAPH, MODEL, NODE, OPSET, SHAPE, TENSOR } from '../../onnx/graph/field-numbers.ts';
import { TENSOR_TYPE, TYPE, VALUE_INFO } from '../../onnx/graph/field-numbers.ts';
import { concatenate, embed, encode } from '../../onnx/graph/protobuf.ts';

type Bytes = Uint8Array;

/** TensorProto.DataType. */
export const FLOAT = 1;
export const INT64 = 7;

/** AttributeProto.AttributeType. */
const kinds = { int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;
const STRING_VALUE = 4;

export type Attribute = number | string | Float32Array | readonly number[] | readonly string[];

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** @default ONNX's own operators */
  readonly domain?: string;
}

export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs: readonly Bytes[];
  readonly outputs: readonly Bytes[];
  readonly weights?: readonly Bytes[];
}

/** Returns the bytes of a model file. */
export function onnxModel({ nodes, inputs, outputs, weights = [] }: GraphSpec): Bytes {
  const graph = [
    ...nodes.flatMap((node) => embed(GRAPH.node, nodeParts(node))),
    encode(GRAPH.name, 'g'),
    ...weights.flatMap((weight) => embed(GRAPH.initializer, [weight])),
    ...inputs.flatMap((input) => embed(GRAPH.input, [input])),
    ...outputs.flatMap((output) => embed(GRAPH.output, [output])),
  ];
  const opset = (domain: string, version: number): Bytes =>
    encode(MODEL.opsetImport, [encode(OPSET.domain, domain), encode(OPSET.version, version)]);
  return concatenate([encode(MODEL.irVersion, 8), opset('', 17), opset('ai.onnx.ml', 3), ...embed(MODEL.graph, graph)]);
}

/** Describes an input or output. A dimension without a size has a name. */
export function tensorValue(name: string, elementType: number, shape: readonly (number | string)[]): Bytes {
  const dimensions = shape.map((size) =>
    encode(SHAPE.dimension, [
      typeof size === 'number' ? encode(DIMENSION.value, size) : encode(DIMENSION.parameter, size),
    ]),
  );
  const tensor = [encode(TENSOR_TYPE.elementType, elementType), encode(TENSOR_TYPE.shape, dimensions)];
  return concatenate([encode(VALUE_INFO.name, name), encode(VALUE_INFO.type, [encode(TYPE.tensor, tensor)])]);
}

/** Returns a constant weight. */
export function weight(name: string, shape: readonly number[], values: Float32Array): Bytes {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return concatenate([
    ...shape.map((size) => encode(TENSOR.dims, size)),
    encode(TENSOR.dataType, FLOAT),
    encode(TENSOR.name, name),
    ...embed(TENSOR.rawData, [bytes]),
  ]);
}

function nodeParts({ op, inputs, outputs, attributes = {}, domain }: NodeSpec): Bytes[] {
  return [
    ...inputs.map((name) => encode(NODE.input, name)),
    ...outputs.map((name) => encode(NODE.output, name)),
    encode(NODE.opType, op),
    ...Object.entries(attributes).flatMap(([name, value]) =>
      embed(NODE.attribute, [encode(ATTRIBUTE.name, name), ...attributeParts(value)]),
    ),
    ...(domain === undefined ? [] : [encode(NODE.domain, domain)]),
  ];
}

function attributeParts(value: Attribute): Bytes[] {
  if (typeof value === 'number') return [encode(ATTRIBUTE.int, value), encode(ATTRIBUTE.type, kinds.int)];
  if (typeof value === 'string') return [encode(STRING_VALUE, value), encode(ATTRIBUTE.type, kinds.string)];
  if (value instanceof Float32Array) {
    const packed = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return [...embed(ATTRIBUTE.floats, [packed]), encode(ATTRIBUTE.type, kinds.floats)];
  }
  if (areTexts(value)) return [...encodeEach(ATTRIBUTE.strings, value), encode(ATTRIBUTE.type, kinds.strings)];
  return [...encodeEach(ATTRIBUTE.ints, value), encode(ATTRIBUTE.type, kinds.ints)];
}

const areTexts = (values: readonly number[] | readonly string[]): values is readonly string[] =>
  typeof values[0] === 'string';

/** Encodes equal values once: a forest has many thousands of values, but few different ones. */
function encodeEach(field: number, values: readonly (number | string)[]): Bytes[] {
  const encoded = new Map<number | string, Bytes>();
  return values.map((value) => {
    const known = encoded.get(value) ?? encode(field, value);
    encoded.set(value, known);
    return known;
  });
}
