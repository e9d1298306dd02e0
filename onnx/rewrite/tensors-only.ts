import { OUTPUTS_APART } from '../engine/sequences.ts';
import type { ClassLabel } from '../graph/class-labels.ts';
import { noConversions, type Conversions } from '../graph/conversions.ts';
import { GRAPH, MODEL, VALUE_INFO } from '../graph/field-numbers.ts';
import { ownOpset } from '../graph/opset.ts';
import { concatenate, embed, encode, fields, message, messages, textOf, type Field } from '../graph/protobuf.ts';
import { Scope } from '../graph/scope.ts';
import { describeType, isMap, isPlainTensor, isSequence, readValue, type ValueType } from '../graph/value-type.ts';
import { liftOpset } from './lift-opset.ts';
import { declareValue, type Replacement } from './replacement.ts';
import { missingOpset, rewriteFunction, rewriteNode, tensorValueInfo, withoutMapType } from './rewrite-nodes.ts';
import { replaceInput } from './tensor-inputs.ts';
import { replaceOutput } from './tensor-outputs.ts';
import { labelsOfMaps } from './zipmap.ts';

export { NonTensorError } from './non-tensor-error.ts';

/** A model as an engine can run it. */
export interface TensorsOnly {
  /** The same object that was passed in, if nothing had to change. */
  readonly model: Uint8Array;
  /** The labels by output, for outputs that were maps from label to probability and now are a column per label. */
  readonly labels: ReadonlyMap<string, readonly ClassLabel[]>;
  readonly conversions: Conversions;
}

/**
 * Makes tensors of all inputs and outputs, since engines accept and return nothing else:
 *
 * - skl2onnx ends its graphs in a ZipMap, whose output is a sequence of maps from label to probability. Its input is
 *   the tensor [N, labels] that we want: it replaces the ZipMap, and the labels are returned.
 * - A sequence `s` of tensors becomes the outputs `s_0`, `s_1`, … if the graph determines how many there are.
 *   Otherwise it becomes one tensor `s` that stacks them along a new first dimension, and the engine knows of outputs
 *   for tensors whose shapes differ.
 * - An `optional` becomes the value that it holds, and the engine knows whether it has one.
 * - bfloat16 and float8 become float32, and four-bit integers int8 or uint8.
 *
 * An input that is a sequence is replaced in the same way.
 *
 * @throws {NonTensorError} if an input or output cannot become a tensor
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function tensorsOnly(whole: Uint8Array): TensorsOnly {
  const [graph = new Uint8Array()] = messages(whole, MODEL.graph);
  const inputs = values(graph, GRAPH.input).filter(({ type }) => !isPlainTensor(type));
  const outputs = values(graph, GRAPH.output).filter(({ type }) => !isPlainTensor(type));
  if (inputs.length + outputs.length === 0) return { model: whole, labels: new Map(), conversions: noConversions };

  const model = [...inputs, ...outputs].some(({ type }) => isSequence(type)) ? liftOpset(whole) : whole;
  const modelFields = [...fields(model)];
  const scope = Scope.ofModel(model);
  const opset = ownOpset(model) ?? 0;
  const labels = new Map(
    outputs
      .filter(({ type }) => isMap(type))
      .map(({ name, type }) => [name, labelsOfMaps(name, scope, name, describeType(type))] as const),
  );
  const before = new Map(
    inputs
      .filter(({ name }) => scope.weight(name) === undefined)
      .map((input) => [input.name, replaceInput(input, opset)] as const),
  );
  const after = new Map(
    outputs
      .filter(({ type }) => !isMap(type))
      .map((output) => [output.name, replaceOutput(output, scope, opset)] as const),
  );
  const [first, last] = [nodesOf(before), nodesOf(after)];
  const asks = [...after.values()].some(({ hasApart }) => hasApart)
    ? [declareValue(GRAPH.input, OUTPUTS_APART, 'bool', [])]
    : [];
  const newGraph = [...first, ...rewriteGraph(graph, before, after), ...last, ...asks];
  const parts = modelFields.flatMap((field) => {
    if (field.number === MODEL.graph) return embed(MODEL.graph, newGraph);
    return field.number === MODEL.functions ? rewriteFunction(field) : [field.raw];
  });
  return {
    model: concatenate([...parts, ...missingOpset(modelFields, MODEL.opsetImport)]),
    labels,
    conversions: {
      before: first.length,
      after: last.length,
      anyRank: inputs.some(({ type }) => isAnyRank(type)),
    },
  };
}

/** Returns whether a type is a sequence of tensors whose number of dimensions is unknown, or an optional of such. */
function isAnyRank(type: ValueType): boolean {
  if (type.kind === 'optional') return isAnyRank(type.of);
  return type.kind === 'sequence' && type.of.kind === 'tensor' && type.of.shape === undefined;
}

type Changed = ReadonlyMap<string, Replacement>;

const values = (graph: Uint8Array, number: number) => messages(graph, number).map(readValue);

const nodesOf = (changed: Changed): Uint8Array[] =>
  [...changed.values()].flatMap(({ nodes }) => nodes).map((node) => encode(GRAPH.node, [node]));

function rewriteGraph(graph: Uint8Array, before: Changed, after: Changed): readonly Uint8Array[] {
  const renamed = new Map([...before, ...after].map(([name, value]) => [name, value.renamed]));
  const rewritten = (field: Field): readonly Uint8Array[] => {
    switch (field.number) {
      case GRAPH.node:
        return rewriteNode(field, renamed);
      case GRAPH.input:
        return before.get(nameOf(field))?.fields ?? [field.raw];
      case GRAPH.output:
        return after.get(nameOf(field))?.fields ?? [withoutMapType(field)];
      case GRAPH.valueInfo:
        return renamed.has(nameOf(field)) ? [] : tensorValueInfo(field);
      default:
        return [field.raw];
    }
  };
  const parts: Uint8Array[] = [];
  for (const field of fields(graph)) for (const part of rewritten(field)) parts.push(part);
  return parts;
}

const nameOf = (field: Field): string => textOf(message(field), VALUE_INFO.name);
