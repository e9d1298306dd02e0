import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, INT64, MODEL, NODE, TENSOR } from './field-numbers.ts';
import {
  concatenate,
  encode,
  fields,
  int64,
  int64s,
  message,
  messages,
  ProtobufError,
  text,
  textOf,
  type Field,
} from './protobuf.ts';

/** One operation of a graph, as far as reading the model needs it. */
export interface GraphNode {
  readonly opType: string;
  /** Names of its input values. */
  readonly inputs: readonly string[];
  /** The list in an attribute; empty if there is none. Read on demand: a forest's lists hold millions of values. */
  floats(attribute: string): readonly number[];
  ints(attribute: string): readonly bigint[];
  strings(attribute: string): readonly string[];
}

/** A node with everything that editing the graph needs. */
export interface Node extends GraphNode {
  /** '' for ONNX's own operators. */
  readonly domain: string;
  readonly name: string;
  readonly outputs: readonly string[];
  readonly message: Uint8Array;
  int(attribute: string): bigint | undefined;
  string(attribute: string): string | undefined;
  tensor(attribute: string): Uint8Array | undefined;
  /** The graph in an attribute: a branch, or a loop's body. */
  subgraph(attribute: string): Uint8Array | undefined;
  /** All graphs in its attributes. */
  readonly subgraphs: readonly Uint8Array[];
}

/**
 * Returns the nodes of a model's main graph, in order.
 *
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function graphNodes(model: Uint8Array): Node[] {
  return messages(model, MODEL.graph)
    .flatMap((graph) => messages(graph, GRAPH.node))
    .map(readNode);
}

/** Reads a NodeProto. */
export function readNode(node: Uint8Array): Node {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes = new Map<string, Uint8Array>();
  let [name, opType, domain] = ['', '', ''];
  for (const field of fields(node)) {
    switch (field.number) {
      case NODE.input:
        inputs.push(text(field));
        break;
      case NODE.output:
        outputs.push(text(field));
        break;
      case NODE.name:
        name = text(field);
        break;
      case NODE.opType:
        opType = text(field);
        break;
      case NODE.domain:
        domain = text(field);
        break;
      case NODE.attribute: {
        const attribute = message(field);
        // Exporters write the name first, so this does not walk the values after it, of which a forest has millions.
        const key = textOf(attribute, ATTRIBUTE.name);
        if (attributes.has(key)) throw new ProtobufError(`a node has two attributes '${key}'`);
        attributes.set(key, attribute);
        break;
      }
      default: // Nothing that reading the model needs.
    }
  }
  const each = function* (name: string, number: number): Generator<Field, void> {
    const attribute = attributes.get(name);
    if (attribute !== undefined) for (const field of fields(attribute)) if (field.number === number) yield field;
  };
  const values = <T>(name: string, number: number, read: (field: Field) => Iterable<T>): T[] => {
    const found: T[] = [];
    for (const field of each(name, number)) for (const value of read(field)) found.push(value);
    return found;
  };
  const child = (name: string, number: number): Uint8Array | undefined => {
    const [field] = each(name, number);
    return field && message(field);
  };
  return {
    opType,
    domain: domain === 'ai.onnx' ? '' : domain,
    name,
    inputs,
    outputs,
    message: node,
    floats: (name) => values(name, ATTRIBUTE.floats, (field) => float32s(message(field))),
    ints: (name) => values(name, ATTRIBUTE.ints, int64s),
    strings: (name) => values(name, ATTRIBUTE.strings, (field) => [text(field)]),
    int: (name) => {
      const [field] = each(name, ATTRIBUTE.int);
      return field && int64(field);
    },
    string: (name) => {
      const [field] = each(name, ATTRIBUTE.string);
      return field && text(field);
    },
    tensor: (name) => child(name, ATTRIBUTE.tensor),
    subgraph: (name) => child(name, ATTRIBUTE.graph),
    get subgraphs() {
      return [...attributes.values()].flatMap(graphsOf);
    },
  };
}

/**
 * Returns the graphs of an attribute. Stops at the first other value: an attribute holds only one kind, which
 * `checkCanonical` has made sure of.
 */
export function graphsOf(attribute: Uint8Array): Uint8Array[] {
  const graphs: Uint8Array[] = [];
  for (const field of fields(attribute)) {
    if (field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs) graphs.push(message(field));
    else if (field.number !== ATTRIBUTE.name && field.number !== ATTRIBUTE.type) break;
  }
  return graphs;
}

/** Returns `Add` for ONNX's own operators, `ai.onnx.ml.ZipMap` for others. */
export function operatorName({ domain, opType }: Pick<Node, 'domain' | 'opType'>): string {
  return domain === '' ? opType : `${domain}.${opType}`;
}

/** Names a node for a message: `the node 'zipmap' (ai.onnx.ml.ZipMap)`, or `a Relu node` if it has no name. */
export function nodeLabel(name = '', operator = ''): string {
  return name === '' ? `a ${operator} node` : `the node '${name}' (${operator})`;
}

export interface NewNode {
  readonly opType: string;
  readonly name?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: readonly Uint8Array[];
}

/** Encodes a node that uses one of ONNX's own operators. */
export function newNode({ opType, name = '', inputs, outputs, attributes = [] }: NewNode): Uint8Array {
  return concatenate([
    ...inputs.map((input) => encode(NODE.input, input)),
    ...outputs.map((output) => encode(NODE.output, output)),
    encode(NODE.name, name),
    encode(NODE.opType, opType),
    ...attributes.map((attribute) => encode(NODE.attribute, [attribute])),
  ]);
}

/** Encodes an attribute that is one integer. */
export const intAttribute = (name: string, value: number): Uint8Array =>
  concatenate([encode(ATTRIBUTE.name, name), encode(ATTRIBUTE.int, value), encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.int)]);

/** Encodes an attribute that is one string. */
export const stringAttribute = (name: string, value: string): Uint8Array =>
  concatenate([
    encode(ATTRIBUTE.name, name),
    encode(ATTRIBUTE.string, value),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.string),
  ]);

/** Encodes a Constant node whose output is one integer, or a list of integers. */
export function constantInts(output: string, values: number | readonly number[]): Uint8Array {
  const list = typeof values === 'number' ? [values] : values;
  const data = new Uint8Array(BigInt64Array.from(list, BigInt).buffer);
  const tensor = [
    ...(typeof values === 'number' ? [] : [encode(TENSOR.dims, list.length)]),
    encode(TENSOR.dataType, INT64),
    encode(TENSOR.rawData, [data]),
  ];
  const attribute = concatenate([
    encode(ATTRIBUTE.name, 'value'),
    encode(ATTRIBUTE.tensor, tensor),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.tensor),
  ]);
  return newNode({ opType: 'Constant', name: output, inputs: [], outputs: [output], attributes: [attribute] });
}

/** Reads one number, or several that the writer packed into one field. */
function float32s(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / 4 }, (_, index) => view.getFloat32(index * 4, true));
}
