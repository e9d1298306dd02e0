import { GRAPH, MODEL } from '../graph/field-numbers.ts';
import { intAttribute, newNode } from '../graph/node.ts';
import { concatenate, embed, encode, fields, messages } from '../graph/protobuf.ts';
import { Scope } from '../graph/scope.ts';
import { isFloatTable, readValue } from '../graph/value-type.ts';
import { declareValue } from './replacement.ts';

/** The outputs of a classifier that are made from an output with a number for each class. */
export interface RankedClasses {
  /** The output that they are made from. */
  readonly source: string;
  /** The output with the index of the highest number of each row. */
  readonly label: string;
  /** The output with the probabilities. */
  readonly probabilities: string;
  /** How many nodes make them. */
  readonly nodes: number;
}

/**
 * Adds the outputs of a classifier to a graph that has only a number for each class: the index of the highest, and the
 * softmax of the numbers if they are logits.
 *
 * @param output the name of the output [rows, classes]
 * @returns undefined if there is no such output of floats
 */
export function rankClasses(
  model: Uint8Array,
  output: string,
  softmax: boolean,
): { readonly model: Uint8Array; readonly ranked: RankedClasses } | undefined {
  const [graph = new Uint8Array()] = messages(model, MODEL.graph);
  const type = messages(graph, GRAPH.output)
    .map(readValue)
    .find(({ name }) => name === output)?.type;
  if (!isFloatTable(type)) return undefined;
  const scope = Scope.ofModel(model);
  const free = (name: string): string => (scope.has(name) ? free(`${name}_`) : name);
  const label = free('label');
  const probabilities = softmax ? free('probabilities') : output;
  const axis = intAttribute('axis', 1);
  const made = (opType: string, name: string, attributes: readonly Uint8Array[]): Uint8Array =>
    newNode({ opType, name: `rhizome/${name}`, inputs: [output], outputs: [name], attributes });
  const nodes = [
    made('ArgMax', label, [axis, intAttribute('keepdims', 0)]),
    ...(softmax ? [made('Softmax', probabilities, [axis])] : []),
  ];
  const added = [
    ...nodes.map((node) => encode(GRAPH.node, [node])),
    declareValue(GRAPH.output, label, 'int64', type.shape.slice(0, 1)),
    ...(softmax ? [declareValue(GRAPH.output, probabilities, type.dtype, type.shape)] : []),
  ];
  const parts = [...fields(model)].flatMap((field) =>
    field.number === MODEL.graph ? embed(MODEL.graph, [graph, ...added]) : [field.raw],
  );
  return { model: concatenate(parts), ranked: { source: output, label, probabilities, nodes: nodes.length } };
}
