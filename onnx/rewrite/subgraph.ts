import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, TENSOR, TYPE, SEQUENCE_TYPE, VALUE_INFO } from '../graph/field-numbers.ts';
import { newNode } from '../graph/node.ts';
import { concatenate, encode } from '../graph/protobuf.ts';
import { numberOf, tensorType } from './replacement.ts';

/** The type of a value in a graph that a node contains, as the content of a TypeProto. */
export type InnerType = Uint8Array;

/** A graph in an attribute: a branch, or a loop's body. Its nodes can also use the values of the graph around it. */
export interface Subgraph {
  readonly nodes: readonly Uint8Array[];
  /** The inputs of a loop's body, and their types. */
  readonly inputs?: readonly (readonly [name: string, type: InnerType])[];
  /** The runtime infers their types, unless they are given. */
  readonly outputs: readonly (string | readonly [name: string, type: InnerType])[];
}

/** Encodes an attribute that is a graph. */
export function graphAttribute(name: string, { nodes, inputs = [], outputs }: Subgraph): Uint8Array {
  const value = (field: number, given: string | readonly [string, InnerType]): Uint8Array =>
    typeof given === 'string'
      ? encode(field, [encode(VALUE_INFO.name, given)])
      : encode(field, [encode(VALUE_INFO.name, given[0]), encode(VALUE_INFO.type, [given[1]])]);
  return concatenate([
    encode(ATTRIBUTE.name, name),
    encode(ATTRIBUTE.graph, [
      ...nodes.map((node) => encode(GRAPH.node, [node])),
      encode(GRAPH.name, name),
      ...inputs.map((input) => value(GRAPH.input, input)),
      ...outputs.map((output) => value(GRAPH.output, output)),
    ]),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.graph),
  ]);
}

/** Encodes an attribute that is a type. */
export const typeAttribute = (name: string, type: InnerType): Uint8Array =>
  concatenate([
    encode(ATTRIBUTE.name, name),
    encode(ATTRIBUTE.typeProto, [type]),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.typeProto),
  ]);

/** Encodes the content of a TypeProto for a sequence of tensors with any number of dimensions. */
export const sequenceType = (dtype: string, shape?: readonly (number | string)[]): InnerType =>
  encode(TYPE.sequence, [encode(SEQUENCE_TYPE.elementType, [tensorType(dtype, shape)])]);

/** Encodes a Constant node whose output is a tensor without elements. */
export function emptyConstant(output: string, dtype: string, shape: readonly number[] = [0]): Uint8Array {
  const tensor = [...shape.map((size) => encode(TENSOR.dims, size)), encode(TENSOR.dataType, numberOf(dtype))];
  const attribute = concatenate([
    encode(ATTRIBUTE.name, 'value'),
    encode(ATTRIBUTE.tensor, tensor),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.tensor),
  ]);
  return newNode({ opType: 'Constant', name: output, inputs: [], outputs: [output], attributes: [attribute] });
}
