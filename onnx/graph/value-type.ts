import {
  DATA_TYPES,
  DIMENSION,
  GRAPH,
  MAP_TYPE,
  SEQUENCE_TYPE,
  SHAPE,
  TENSOR,
  TENSOR_TYPE,
  TYPE,
  VALUE_INFO,
} from './field-numbers.ts';
import { fields, first, int64, message, messages, text, textOf, type Field } from './protobuf.ts';

export interface TensorType {
  readonly dtype: string;
  /** Undefined if even the number of dimensions is unknown. */
  readonly shape: readonly (number | string)[] | undefined;
}

/** The type that a graph declares for a value. */
export type ValueType =
  | ({ readonly kind: 'tensor' | 'sparse' } & TensorType)
  | { readonly kind: 'sequence' | 'optional'; readonly of: ValueType }
  | { readonly kind: 'map'; readonly key: string; readonly of: ValueType }
  | { readonly kind: 'unknown' };

/** An input, an output or another declared value of a graph. */
export interface Value {
  readonly name: string;
  readonly description: string;
  readonly type: ValueType;
}

/** Reads a ValueInfoProto. */
export function readValue(valueInfo: Uint8Array): Value {
  const type = first(valueInfo, VALUE_INFO.type);
  return {
    name: textOf(valueInfo, VALUE_INFO.name),
    description: textOf(valueInfo, VALUE_INFO.docString),
    type: type === undefined ? { kind: 'unknown' } : readType(message(type)),
  };
}

/** Returns the names of the weights of a GraphProto. */
export const weightNames = (graph: Uint8Array): ReadonlySet<string> =>
  new Set(messages(graph, GRAPH.initializer).map((tensor) => textOf(tensor, TENSOR.name)));

/** Reads the inputs of a GraphProto, without the weights, which exporters from before 2019 list among them. */
export function readInputs(graph: Uint8Array): Value[] {
  const weights = weightNames(graph);
  return messages(graph, GRAPH.input)
    .map(readValue)
    .filter(({ name }) => !weights.has(name));
}

function readType(type: Uint8Array): ValueType {
  for (const field of fields(type)) {
    switch (field.number) {
      case TYPE.tensor:
        return { kind: 'tensor', ...tensor(message(field)) };
      case TYPE.sparseTensor:
        return { kind: 'sparse', ...tensor(message(field)) };
      case TYPE.sequence:
        return { kind: 'sequence', of: elementType(message(field)) };
      case TYPE.optional:
        return { kind: 'optional', of: elementType(message(field)) };
      case TYPE.map: {
        const of = first(message(field), MAP_TYPE.valueType);
        return {
          kind: 'map',
          key: dataType(first(message(field), MAP_TYPE.keyType)),
          of: of === undefined ? { kind: 'unknown' } : readType(message(of)),
        };
      }
      default: // The denotation, or a kind of type that no engine supports.
    }
  }
  return { kind: 'unknown' };
}

function elementType(type: Uint8Array): ValueType {
  const of = first(type, SEQUENCE_TYPE.elementType);
  return of === undefined ? { kind: 'unknown' } : readType(message(of));
}

function tensor(type: Uint8Array): TensorType {
  const shape = first(type, TENSOR_TYPE.shape);
  return {
    dtype: dataType(first(type, TENSOR_TYPE.elementType)),
    shape: shape && messages(message(shape), SHAPE.dimension).map(dimension),
  };
}

function dimension(bytes: Uint8Array): number | string {
  for (const field of fields(bytes)) {
    if (field.number === DIMENSION.value) return Number(int64(field));
    if (field.number === DIMENSION.parameter) return text(field);
  }
  return '';
}

/** Returns the name of the TensorProto.DataType in a field. */
export function dataType(field: Field | undefined): string {
  const number = field === undefined ? 0 : Number(int64(field));
  return DATA_TYPES[number] ?? `type ${number}`;
}

/** Returns whether a value is a tensor; a value without a declared type is assumed to be one. */
export const isTensor = ({ kind }: ValueType): boolean => kind === 'tensor' || kind === 'unknown';

/** Returns the number of a tensor's dimensions. Undefined if nobody knows it, or the value is not a tensor. */
export const rankOf = ({ type }: Value): number | undefined =>
  type.kind === 'tensor' ? type.shape?.length : undefined;

/** A tensor of floats with two dimensions. */
export interface FloatTable {
  readonly kind: 'tensor';
  readonly dtype: string;
  readonly shape: readonly [rows: number | string, columns: number | string];
}

/** Returns whether a type is a table of floats, such as a number for each class in each row. */
export const isFloatTable = (type: ValueType | undefined): type is FloatTable =>
  type?.kind === 'tensor' && type.dtype.startsWith('float') && type.shape?.length === 2;

/** Element types that engines do not return, and the types that represent all of their values. */
const wider: Readonly<Record<string, string>> = {
  bfloat16: 'float32',
  float8e4m3fn: 'float32',
  float8e4m3fnuz: 'float32',
  float8e5m2: 'float32',
  float8e5m2fnuz: 'float32',
  float8e8m0: 'float32',
  float4e2m1: 'float32',
  int4: 'int8',
  int2: 'int8',
  uint4: 'uint8',
  uint2: 'uint8',
};

/** Returns the element type in which clients send and receive a tensor; undefined for complex numbers. */
export const carrierType = (dtype: string): string | undefined =>
  dtype.startsWith('complex') ? undefined : (wider[dtype] ?? dtype);

/** Returns whether engines accept and return this type without a conversion. */
export const isPlainTensor = (type: ValueType): boolean =>
  type.kind === 'unknown' || (type.kind === 'tensor' && carrierType(type.dtype) === type.dtype);

/** Returns whether a type is a map, or a sequence or optional of maps. */
export const isMap = (type: ValueType): boolean =>
  type.kind === 'map' || ((type.kind === 'sequence' || type.kind === 'optional') && isMap(type.of));

/** Returns whether a type is a sequence of tensors, or an optional of such. */
export const isSequence = (type: ValueType): boolean =>
  (type.kind === 'sequence' && isTensor(type.of)) || (type.kind === 'optional' && isSequence(type.of));

/** Formats a type for people: `float32[N, 3]`, `seq(map(int64, float32))`. */
export function describeType(type: ValueType): string {
  switch (type.kind) {
    case 'tensor':
      return type.dtype + describeShape(type.shape);
    case 'sparse':
      return `sparse ${type.dtype}${describeShape(type.shape)}`;
    case 'sequence':
      return `seq(${describeType(type.of)})`;
    case 'optional':
      return `optional(${describeType(type.of)})`;
    case 'map':
      return `map(${type.key}, ${describeType(type.of)})`;
    case 'unknown':
      return 'unknown';
  }
}

/** Returns '' for a scalar, and for an unknown shape. */
function describeShape(shape: readonly (number | string)[] | undefined): string {
  return shape === undefined || shape.length === 0
    ? ''
    : `[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]`;
}
