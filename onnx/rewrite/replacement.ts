import { DATA_TYPES, DIMENSION, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO, type GRAPH } from '../graph/field-numbers.ts';
import { intAttribute, newNode } from '../graph/node.ts';
import { encode } from '../graph/protobuf.ts';

/** What replaces an input or an output of the graph. */
export interface Replacement {
  /** The graph's new fields: the input, or the outputs. */
  readonly fields: readonly Uint8Array[];
  /** The nodes that convert between the new inputs or outputs and the original value. */
  readonly nodes: readonly Uint8Array[];
  /** The new name of the original value. */
  readonly renamed: string;
  /** Whether the nodes use the input that asks for tensors of different shapes. @default false */
  readonly hasApart?: boolean;
}

/** Encodes an input or output of the graph. Without a dtype, the runtime infers the type. */
export function declareValue(
  field: typeof GRAPH.input | typeof GRAPH.output,
  name: string,
  dtype?: string,
  shape?: readonly (number | string)[],
): Uint8Array {
  const type = dtype === undefined ? [] : [encode(VALUE_INFO.type, [tensorType(dtype, shape)])];
  return encode(field, [encode(VALUE_INFO.name, name), ...type]);
}

/** Encodes the content of a TypeProto for a tensor. */
export function tensorType(dtype: string, shape?: readonly (number | string)[]): Uint8Array {
  return encode(TYPE.tensor, [
    encode(TENSOR_TYPE.elementType, numberOf(dtype)),
    ...(shape === undefined
      ? []
      : [
          encode(
            TENSOR_TYPE.shape,
            shape.map((size) => encode(SHAPE.dimension, dimension(size))),
          ),
        ]),
  ]);
}

function dimension(size: number | string): Uint8Array[] {
  if (typeof size === 'number') return [encode(DIMENSION.value, size)];
  return size === '' ? [] : [encode(DIMENSION.parameter, size)];
}

/** Encodes a node that casts a tensor to another element type. The runtime removes it if the types are equal. */
export const castNode = (input: string, output: string, dtype: string): Uint8Array =>
  newNode({
    opType: 'Cast',
    name: `rhizome/${output}/cast`,
    inputs: [input],
    outputs: [output],
    attributes: [intAttribute('to', numberOf(dtype))],
  });

/** Returns the number of an element type in TensorProto.DataType. */
export const numberOf = (dtype: string): number => (DATA_TYPES as readonly string[]).indexOf(dtype);
