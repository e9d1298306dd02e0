import { readNode, type GraphNode } from './node.ts';
import { GRAPH, MODEL } from './onnx-proto.ts';
import { messages } from './protobuf.ts';
import type { ClassLabel } from './zipmap.ts';

export type { GraphNode } from './node.ts';

/** The nodes of a model's graph, in order. @throws ProtobufError where the bytes are not a whole protobuf message. */
export function graphNodes(model: Uint8Array): GraphNode[] {
  return messages(model, MODEL.graph).flatMap((graph) => messages(graph, GRAPH.node)).map(readNode);
}

/** Labels that a classifier of the graph gives, in the order of its probabilities; undefined where none tells, or two differ. */
export function classLabels(nodes: readonly GraphNode[]): readonly ClassLabel[] | undefined {
  const lists = nodes.map((node): readonly ClassLabel[] => {
    const strings = [...node.strings('classlabels_strings'), ...node.strings('classlabels_string')];
    return strings.length > 0 ? strings : [...node.ints('classlabels_ints'), ...node.ints('classlabels_int64s')];
  }).filter((labels) => labels.length > 1);
  const [first, ...others] = lists;
  return others.every((other) => other.length === first?.length && other.every((label, index) => label === first[index])) ? first : undefined;
}
