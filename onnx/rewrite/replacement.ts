import { intAttribute, newNode } from '../graph/node.ts';
import { DATA_TYPES, DIMENSION, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO, type GRAPH } from '../graph/field-numbers.ts';
import { encode } from '../graph/protobuf.ts';

/** What takes the place of an output, or of an input. */
export interface Replacement {
  /** Fields of the graph: the outputs, or the input. */
  readonly fields: readonly Uint8Array[];
  /** Messages of the nodes between them and the value that was in their place, and is `renamed` now. */
  readonly nodes: readonly Uint8Array[];
  readonly renamed: string;
}

/** An input or output of the graph; without a dtype the runtime infers all of its type. */
export function declareValue(
  field: typeof GRAPH.input | typeof GRAPH.output,
  name: string,
  dtype?: string,
  shape?: readonly (number | string)[],
): Uint8Array {
  const type =
    dtype === undefined
      ? []
      : [
          encode(VALUE_INFO.type, [
            encode(TYPE.tensor, [
              encode(TENSOR_TYPE.elementType, numberOf(dtype)),
              ...(shape === undefined
                ? []
                : [
                    encode(
                      TENSOR_TYPE.shape,
                      shape.map((size) => encode(SHAPE.dimension, dimension(size))),
                    ),
                  ]),
            ]),
          ]),
        ];
  return encode(field, [encode(VALUE_INFO.name, name), ...type]);
}

function dimension(size: number | string): Uint8Array[] {
  if (typeof size === 'number') return [encode(DIMENSION.value, size)];
  return size === '' ? [] : [encode(DIMENSION.parameter, size)];
}

/** A node that gives a tensor in another dtype; in its own, the runtime leaves the node out. */
export const castNode = (input: string, output: string, dtype: string): Uint8Array =>
  newNode({
    opType: 'Cast',
    name: `rhizome/${output}/cast`,
    inputs: [input],
    outputs: [output],
    attributes: [intAttribute('to', numberOf(dtype))],
  });

const numberOf = (dtype: string): number => (DATA_TYPES as readonly string[]).indexOf(dtype);
