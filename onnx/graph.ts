import { fields, int64s, message, text, type Field } from './protobuf.ts';
import type { ClassLabel } from './zipmap.ts';

// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const MODEL = { graph: 7 };
const GRAPH = { node: 1 };
const NODE = { input: 1, opType: 4, attribute: 5 };
const ATTRIBUTE = { name: 1, floats: 7, ints: 8, strings: 9 };

/** One operation of the graph. */
export interface GraphNode {
  readonly opType: string;
  /** Names of the values that it takes. */
  readonly inputs: readonly string[];
  /** Values of its attributes that are lists; read when asked for, since those of a forest are millions. Empty where it has none of the name. */
  floats(attribute: string): readonly number[];
  ints(attribute: string): readonly bigint[];
  strings(attribute: string): readonly string[];
}

/** The nodes of a model's graph, in order. @throws ProtobufError where the bytes are not a whole protobuf message. */
export function graphNodes(model: Uint8Array): GraphNode[] {
  return children(model, MODEL.graph).flatMap((graph) => children(graph, GRAPH.node)).map(readNode);
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

function readNode(node: Uint8Array): GraphNode {
  const all = [...fields(node)];
  const attributes = new Map(all.filter(({ number }) => number === NODE.attribute).map((field) => {
    const attribute = message(field);
    return [nameOf(attribute), attribute];
  }));
  const values = (name: string, number: number): Field[] => {
    const attribute = attributes.get(name);
    return attribute === undefined ? [] : [...fields(attribute)].filter((field) => field.number === number);
  };
  const opType = all.find(({ number }) => number === NODE.opType);
  return {
    opType: opType === undefined ? '' : text(opType),
    inputs: all.filter(({ number }) => number === NODE.input).map(text),
    floats: (name) => values(name, ATTRIBUTE.floats).flatMap((field) => float32s(message(field))),
    ints: (name) => values(name, ATTRIBUTE.ints).flatMap((field) => [...int64s(field)]),
    strings: (name) => values(name, ATTRIBUTE.strings).map(text),
  };
}

/** The name comes first: what follows, millions of values in a forest, is not walked. */
function nameOf(attribute: Uint8Array): string {
  for (const field of fields(attribute)) if (field.number === ATTRIBUTE.name) return text(field);
  return '';
}

function children(parent: Uint8Array, number: number): Uint8Array[] {
  return [...fields(parent)].filter((field) => field.number === number).map(message);
}

/** One number, or several that a writer has packed. */
function float32s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
