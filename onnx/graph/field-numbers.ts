// The field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), by message.

export const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  domain: 4,
  modelVersion: 5,
  docString: 6,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
  functions: 25,
} as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const GRAPH = {
  node: 1,
  name: 2,
  initializer: 5,
  docString: 10,
  input: 11,
  output: 12,
  valueInfo: 13,
  sparseInitializer: 15,
} as const;
export const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  int: 3,
  string: 4,
  tensor: 5,
  graph: 6,
  floats: 7,
  ints: 8,
  strings: 9,
  tensors: 10,
  graphs: 11,
  typeProto: 14,
  type: 20,
} as const;
export const FUNCTION = { name: 1, output: 5, node: 7, opsetImport: 9, domain: 10 } as const;
export const VALUE_INFO = { name: 1, type: 2, docString: 3 } as const;
export const TYPE = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparseTensor: 8, optional: 9 } as const;
export const TENSOR_TYPE = { elementType: 1, shape: 2 } as const;
export const SEQUENCE_TYPE = { elementType: 1 } as const;
export const MAP_TYPE = { keyType: 1, valueType: 2 } as const;
export const SHAPE = { dimension: 1 } as const;
export const DIMENSION = { value: 1, parameter: 2 } as const;
export const TENSOR = {
  dims: 1,
  dataType: 2,
  int32Data: 5,
  stringData: 6,
  int64Data: 7,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;
/** StringStringEntryProto, used by `metadata_props` and `external_data`. */
export const ENTRY = { key: 1, value: 2 } as const;

/** The values of AttributeProto.AttributeType for the nodes that Rhizome writes. */
export const ATTRIBUTE_TYPE = { int: 2, string: 3, tensor: 4, graph: 5, ints: 7, typeProto: 13 } as const;

/** TensorProto.DataType by number, as onnxruntime spells it if it supports the type. */
export const DATA_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
  'float8e4m3fn',
  'float8e4m3fnuz',
  'float8e5m2',
  'float8e5m2fnuz',
  'uint4',
  'int4',
  'float4e2m1',
  'float8e8m0',
  'uint2',
  'int2',
] as const;

/** Bits per element by TensorProto.DataType; undefined for strings, whose elements differ in size. */
export const ELEMENT_BITS: readonly (number | undefined)[] = [
  undefined,
  32,
  8,
  8,
  16,
  16,
  32,
  64,
  undefined,
  8,
  16,
  64,
  32,
  64,
  64,
  128,
  16,
  8,
  8,
  8,
  8,
  4,
  4,
  4,
  8,
  2,
  2,
];

/** The number of int64 in TensorProto.DataType. */
export const INT64 = 7;
