import { argMaxLabels, classLabels, type ClassLabel } from './graph/class-labels.ts';
import { externalTensors } from './graph/external-data.ts';
import { ENTRY, FUNCTION, GRAPH, MODEL, OPSET, TENSOR } from './graph/field-numbers.ts';
import { operatorName, readNode, type Node } from './graph/node.ts';
import { fields, first, int64, int64s, messages, textOf } from './graph/protobuf.ts';
import { describeType, readValue, weightNames } from './graph/value-type.ts';

/** What a graph says about itself, as the exporter wrote it. */
export interface GraphDescription {
  /** The exporter, such as `skl2onnx` or `pytorch`; '' if unknown. */
  readonly producer: string;
  readonly producerVersion: string;
  readonly irVersion: number;
  readonly description: string;
  /** Versions of the operator sets, by domain; ONNX's own is `ai.onnx`. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly inputs: readonly ValueDescription[];
  readonly outputs: readonly ValueDescription[];
  /** How often each operator is used, including in branches and loops; the most frequent first. */
  readonly operators: Readonly<Record<string, number>>;
  /** The number of elements in its weights. Tree ensembles keep their parameters in attributes, which do not count. */
  readonly weights: number;
  /** The labels of its classifier; undefined if it has none. */
  readonly classes: readonly ClassLabel[] | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  /** Files next to the model that hold weights, and how many bytes of each are needed. */
  readonly externalData: Readonly<Record<string, number>>;
}

/** An input or output of a graph. */
export interface ValueDescription {
  readonly name: string;
  /** `float32[N, 3]`, `seq(map(int64, float32))`. */
  readonly type: string;
  readonly description: string;
}

/**
 * Describes a graph.
 *
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 * @throws {ExternalDataError} if the location of a weight is not valid
 */
export function describeGraph(model: Uint8Array): GraphDescription {
  const [graph = new Uint8Array()] = messages(model, MODEL.graph);
  const nodes = messages(graph, GRAPH.node).map(readNode);
  const weights = messages(graph, GRAPH.initializer);
  // Exporters from before 2019 list the weights among the inputs.
  const inner = weightNames(graph);
  const values = (number: number): ValueDescription[] =>
    messages(graph, number)
      .map(readValue)
      .filter(({ name }) => !inner.has(name))
      .map(({ name, type, description }) => ({ name, type: describeType(type), description }));
  return {
    producer: textOf(model, MODEL.producerName),
    producerVersion: textOf(model, MODEL.producerVersion),
    irVersion: number(model, MODEL.irVersion),
    description: textOf(model, MODEL.docString) || textOf(graph, GRAPH.docString),
    opsets: Object.fromEntries(
      messages(model, MODEL.opsetImport).map((opset) => [
        textOf(opset, OPSET.domain) || 'ai.onnx',
        number(opset, OPSET.version),
      ]),
    ),
    inputs: values(GRAPH.input),
    outputs: values(GRAPH.output),
    operators: operators([
      ...nodes,
      ...messages(model, MODEL.functions)
        .flatMap((body) => messages(body, FUNCTION.node))
        .map(readNode),
    ]),
    weights: weights.map(elements).reduce((sum, count) => sum + count, 0),
    classes: classLabels(nodes) ?? argMaxLabels(model),
    metadata: Object.fromEntries(
      messages(model, MODEL.metadataProps).map((entry) => [textOf(entry, ENTRY.key), textOf(entry, ENTRY.value)]),
    ),
    externalData: externalFiles(model),
  };
}

/**
 * Returns the files next to a model that hold weights, by the path in the model, and how many bytes of each are needed.
 *
 * @throws {ExternalDataError} if the location of a weight is not valid
 */
export function externalFiles(model: Uint8Array): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(externalTensors(model), ({ location }) => location)].map(([location, tensors]) => [
      location,
      Math.max(...tensors.map(({ offset, bytes }) => offset + bytes)),
    ]),
  );
}

function operators(nodes: readonly Node[]): Record<string, number> {
  const counts = new Map<string, number>();
  const count = (node: Node): void => {
    const name = operatorName(node);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const graph of node.subgraphs) messages(graph, GRAPH.node).map(readNode).forEach(count);
  };
  nodes.forEach(count);
  return Object.fromEntries([...counts].sort(([a, times], [b, others]) => others - times || (a < b ? -1 : 1)));
}

function elements(tensor: Uint8Array): number {
  let product = 1;
  for (const field of fields(tensor))
    if (field.number === TENSOR.dims) for (const size of int64s(field)) product *= Number(size);
  return product;
}

function number(parent: Uint8Array, wanted: number): number {
  const field = first(parent, wanted);
  return field === undefined ? 0 : Number(int64(field));
}
