import { returnedOutput } from '../engine/optionals.ts';
import { classLabels } from '../graph/class-labels.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { constantInts, intAttribute, newNode } from '../graph/node.ts';
import type { Scope } from '../graph/scope.ts';
import {
  carrierType,
  describeType,
  isPlainTensor,
  type TensorType,
  type Value,
  type ValueType,
} from '../graph/value-type.ts';
import { outputError } from './non-tensor-error.ts';
import { castNode, declareValue, numberOf, type Replacement } from './replacement.ts';
import { sequenceOutput } from './sequence-outputs.ts';
import { emptyConstant, graphAttribute } from './subgraph.ts';
import { sequencePieces, type Piece } from './sequence-pieces.ts';

/**
 * Replaces an output that is a sequence of tensors, is optional, or has elements that engines do not return.
 *
 * @param opset the version of ONNX's own operators that the model uses
 * @throws {NonTensorError} if no tensors can replace it
 */
export function replaceOutput({ name, type }: Value, scope: Scope, opset: number): Replacement {
  const origin = scope.origin(name);
  const refuse = (advice: string) => outputError(name, describeType(type), origin, advice);
  if (type.kind === 'optional' && origin?.node.opType === 'Optional' && origin.node.inputs.length === 0)
    throw refuse('It is always absent: export the model without this output.');
  const renamed = `rhizome/${name}`;
  const held = type.kind === 'optional' ? type.of : type;
  const present = type.kind === 'optional' ? `${renamed}/present` : renamed;
  const known = held.kind === 'sequence' ? sequencePieces(name, scope) : undefined;
  // An Optional with an input has a value.
  const mayBeAbsent = type.kind === 'optional' && origin?.node.opType !== 'Optional' && known === undefined;
  const nodes = type.kind === 'optional' ? heldValue(name, held, mayBeAbsent) : [];
  const flag = mayBeAbsent ? [declareValue(GRAPH.output, returnedOutput(name), 'bool', [])] : [];
  if (held.kind === 'tensor') {
    const dtype = carrierType(held.dtype);
    if (dtype === undefined)
      throw refuse('Export the model with two outputs instead, one for the real and one for the imaginary part.');
    return {
      renamed,
      nodes: [...nodes, castNode(present, name, dtype)],
      fields: [declareValue(GRAPH.output, name, dtype, held.shape), ...flag],
    };
  }
  if (held.kind !== 'sequence' || !isPlainTensor(held.of) || held.of.kind !== 'tensor')
    throw refuse('Export the model with a tensor instead, or without this output.');
  const made =
    known === undefined ? sequenceOutput(name, present, held.of, opset) : apart(name, present, known, held.of, scope);
  return { ...made, renamed, nodes: [...nodes, ...made.nodes], fields: [...made.fields, ...flag] };
}

/** Returns the nodes that take the value out of an optional; if it may have none, they say whether it has one. */
function heldValue(name: string, held: ValueType, mayBeAbsent: boolean): Uint8Array[] {
  const renamed = `rhizome/${name}`;
  const value = (output: string): Uint8Array =>
    newNode({ opType: 'OptionalGetElement', name: `${renamed}/element`, inputs: [renamed], outputs: [output] });
  if (!mayBeAbsent) return [value(`${renamed}/present`)];
  const [has, some, none] = [returnedOutput(name), `${renamed}/some`, `${renamed}/none`];
  const choice = newNode({
    opType: 'If',
    name: `${renamed}/present`,
    inputs: [has],
    outputs: [`${renamed}/present`],
    attributes: [
      graphAttribute('then_branch', { nodes: [value(some)], outputs: [some] }),
      graphAttribute('else_branch', { nodes: [placeholder(held, none)], outputs: [none] }),
    ],
  });
  return [newNode({ opType: 'OptionalHasElement', name: `${renamed}/has`, inputs: [renamed], outputs: [has] }), choice];
}

/** Returns a node with a value that nobody reads, of a type that is not a sequence of sequences. */
function placeholder(type: ValueType, output: string): Uint8Array {
  if (type.kind === 'tensor') {
    const { dtype, shape = [] } = type;
    // One without dimensions has an element.
    const sizes = shape.map((size) => (typeof size === 'number' ? size : 0));
    return emptyConstant(output, dtype, sizes.includes(0) ? sizes : [0, ...sizes.slice(1)]);
  }
  const dtype = type.kind === 'sequence' && type.of.kind === 'tensor' ? type.of.dtype : 'float32';
  const attributes = [intAttribute('dtype', numberOf(dtype))];
  return newNode({ opType: 'SequenceEmpty', name: output, inputs: [], outputs: [output], attributes });
}

/** Makes an output of each tensor in a sequence. */
function apart(
  name: string,
  sequence: string,
  known: readonly Piece[],
  { dtype, shape }: TensorType,
  scope: Scope,
): Omit<Replacement, 'renamed'> {
  const each = known.map((piece, index) => {
    const output = unused(`${name}_${index}`, scope);
    if (piece.value !== undefined) {
      // The runtime infers most shapes itself.
      const classes = classesOf(piece.value, scope);
      return {
        field:
          classes === undefined
            ? declareValue(GRAPH.output, output)
            : declareValue(GRAPH.output, output, dtype, ['', classes]),
        nodes: [newNode({ opType: 'Identity', name: `rhizome/${output}`, inputs: [piece.value], outputs: [output] })],
      };
    }
    const at = `rhizome/${output}/at`;
    const nodes = [
      constantInts(at, index),
      newNode({ opType: 'SequenceAt', name: `rhizome/${output}`, inputs: [sequence, at], outputs: [output] }),
    ];
    return { field: declareValue(GRAPH.output, output, dtype, piece.shape ?? shape), nodes };
  });
  return { fields: each.map(({ field }) => field), nodes: each.flatMap(({ nodes }) => nodes) };
}

/**
 * Returns how many probabilities per row a classifier produces. The runtime does not infer this shape, and
 * scikit-learn's lists of probabilities consist of such tensors.
 */
function classesOf(value: string, scope: Scope): number | undefined {
  const origin = scope.origin(value);
  if (origin?.node.domain !== 'ai.onnx.ml') return undefined;
  if (origin.node.opType === 'Normalizer')
    return origin.scope.once('classes', value, () => classesOf(origin.node.inputs[0] ?? '', origin.scope));
  return origin.index === 1 ? classLabels([origin.node])?.length : undefined;
}

function unused(name: string, scope: Scope): string {
  let free = name;
  while (scope.has(free)) free += '_';
  return free;
}
