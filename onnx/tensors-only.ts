import { newOutputs, type NewOutputs } from './new-outputs.ts';
import { NonTensorError } from './non-tensor.ts';
import { GRAPH, MODEL } from './onnx-proto.ts';
import { concatenate, embed, encode, fields, message, type Field } from './protobuf.ts';
import { betweenNodes, opsetNeeded, rewriteFunction, rewriteNode, untyped } from './rewrite.ts';
import { Scope } from './scope.ts';
import { describeType, isMap, isTensor, readValue } from './value-type.ts';
import { mapLabels, type ClassLabel } from './zipmap.ts';

export { NonTensorError } from './non-tensor.ts';

/** A model as an engine can run it. */
export interface TensorsOnly {
  /** The very bytes given where nothing had to change. */
  readonly model: Uint8Array;
  /** Of outputs that were maps from label to probability, now a tensor with a column a label: the labels, by the output's name. */
  readonly labels: ReadonlyMap<string, readonly ClassLabel[]>;
}

/**
 * Makes tensors of all outputs, since engines give no others:
 *
 * - skl2onnx ends its graphs in a ZipMap, whose output is a sequence of maps from label to probability. Its input is the
 *   tensor [N, labels] that we want: it takes the ZipMap's place, and the labels are handed to the caller.
 * - A sequence `s` of tensors becomes the outputs `s_0`, `s_1`, … where the graph tells how many they are, else one tensor
 *   `s` that stacks them along a new first dimension; that run fails where they differ in shape.
 * - What may be absent (`optional`) becomes what it holds; that run fails where it is absent.
 *
 * @throws NonTensorError where that cannot be
 * @throws ProtobufError where the bytes are not a whole protobuf message.
 */
export function tensorsOnly(model: Uint8Array): TensorsOnly {
  const modelFields = [...fields(model)];
  const graphField = modelFields.find(({ number }) => number === MODEL.graph);
  const graph = graphField === undefined ? [] : [...fields(message(graphField))];
  refuseInputs(graph);
  const outputs = values(graph, GRAPH.output).filter(({ type }) => !isTensor(type));
  if (outputs.length === 0) return { model, labels: new Map() };

  const scope = Scope.ofModel(model);
  const labels = new Map(outputs.filter(({ type }) => isMap(type)).map(({ name, type }) => [name, mapLabels(name, scope, name, describeType(type))] as const));
  const others = new Map(outputs.filter(({ type }) => !isMap(type)).map((output) => [output.name, newOutputs(output, scope)] as const));
  const newGraph = [...rewriteGraph(graph, others), ...[...others.values()].flatMap(({ nodes }) => nodes).map((node) => encode(GRAPH.node, [node]))];
  const parts = modelFields.flatMap((field) => {
    if (field === graphField) return embed(MODEL.graph, newGraph);
    return field.number === MODEL.functions ? rewriteFunction(field) : [field.raw];
  });
  return { model: concatenate([...parts, ...opsetNeeded(modelFields, MODEL.opsetImport)]), labels };
}

const values = (graph: readonly Field[], number: number) => graph.filter((field) => field.number === number).map((field) => readValue(message(field)));

function rewriteGraph(graph: readonly Field[], others: ReadonlyMap<string, NewOutputs>): readonly Uint8Array[] {
  const renamed = new Map([...others].map(([name, output]) => [name, output.renamed]));
  return graph.flatMap((field): readonly Uint8Array[] => {
    switch (field.number) {
      case GRAPH.node: return rewriteNode(field, renamed);
      case GRAPH.output: return others.get(readValue(message(field)).name)?.outputs ?? [untyped(field)];
      case GRAPH.valueInfo: return betweenNodes(field);
      default: return [field.raw];
    }
  });
}

function refuseInputs(graph: readonly Field[]): void {
  const input = values(graph, GRAPH.input).find(({ type }) => !isTensor(type));
  if (input === undefined) return;
  const advice = isMap(input.type) ? 'Export the model from after the step that turns maps (as of a DictVectorizer) into numbers.' : 'Export the model with tensors for inputs.';
  throw new NonTensorError(`the input '${input.name}' is ${describeType(input.type)}; only tensors can be sent. ${advice}`);
}
