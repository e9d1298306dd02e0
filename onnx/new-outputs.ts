import { classLabels } from './graph.ts';
import { constantInts, intAttribute, newNode } from './node.ts';
import { cannotServe } from './non-tensor.ts';
import { DATA_TYPES, DIMENSION, GRAPH, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from './onnx-proto.ts';
import { encode } from './protobuf.ts';
import type { Scope } from './scope.ts';
import { pieces, type Piece } from './sequences.ts';
import { describeType, type TensorType, type Value } from './value-type.ts';

/** What takes an output's place. */
export interface NewOutputs {
  /** Fields of the graph. */
  readonly outputs: readonly Uint8Array[];
  /** Messages of the nodes that give them, from the value that was the output and is `renamed` now. */
  readonly nodes: readonly Uint8Array[];
  readonly renamed: string;
}

/** Tensors for an output that is a sequence of tensors, or may be absent. @throws NonTensorError */
export function newOutputs({ name, type }: Value, scope: Scope): NewOutputs {
  const origin = scope.origin(name);
  const refuse = (advice: string) => cannotServe(name, describeType(type), origin, advice);
  const held = type.kind === 'optional' ? type.of : type;
  if (type.kind === 'optional' && origin?.node.opType === 'Optional' && origin.node.inputs.length === 0) throw refuse('It is always absent: leave this output out.');
  const renamed = `rhizome/${name}`;
  const present = type.kind === 'optional' ? `${renamed}/present` : renamed;
  const nodes = type.kind === 'optional' ? [newNode({ opType: 'OptionalGetElement', name: `${renamed}/element`, inputs: [renamed], outputs: [held.kind === 'tensor' ? name : present] })] : [];
  if (held.kind === 'tensor') return { renamed, nodes, outputs: [declared(name, held.dtype, held.shape)] };
  if (held.kind !== 'sequence' || held.of.kind !== 'tensor') throw refuse('Export the model with a tensor in its place, or without this output.');

  const known = pieces(name, scope);
  const { outputs, nodes: more } = known === undefined ? stacked(name, present, held.of) : apart(name, present, known, held.of, scope);
  return { renamed, nodes: [...nodes, ...more], outputs };
}

/** One tensor whose first dimension is the place in the sequence. */
function stacked(name: string, sequence: string, { dtype, shape }: TensorType): Omit<NewOutputs, 'renamed'> {
  const attributes = [intAttribute('axis', 0), intAttribute('new_axis', 1)];
  return {
    nodes: [newNode({ opType: 'ConcatFromSequence', name: `rhizome/${name}/stack`, inputs: [sequence], outputs: [name], attributes })],
    outputs: [declared(name, dtype, shape && ['', ...shape])],
  };
}

/** An output for each tensor. */
function apart(name: string, sequence: string, known: readonly Piece[], { dtype, shape }: TensorType, scope: Scope): Omit<NewOutputs, 'renamed'> {
  const each = known.map((piece, index) => {
    const output = unused(`${name}_${index}`, scope);
    if (piece.value !== undefined) {
      // Of most the runtime knows the shape.
      const classes = classesOf(piece.value, scope);
      return { output: classes === undefined ? declared(output) : declared(output, dtype, ['', classes]), nodes: [newNode({ opType: 'Identity', name: `rhizome/${output}`, inputs: [piece.value], outputs: [output] })] };
    }
    const at = `rhizome/${output}/at`;
    const nodes = [constantInts(at, index), newNode({ opType: 'SequenceAt', name: `rhizome/${output}`, inputs: [sequence, at], outputs: [output] })];
    return { output: declared(output, dtype, piece.shape ?? shape), nodes };
  });
  return { outputs: each.map(({ output }) => output), nodes: each.flatMap(({ nodes }) => nodes) };
}

/** How many probabilities a classifier gives a row: the runtime infers no shape for these, and scikit-learn's lists are made of them. */
function classesOf(value: string, scope: Scope): number | undefined {
  const origin = scope.origin(value);
  if (origin?.node.domain !== 'ai.onnx.ml') return undefined;
  if (origin.node.opType === 'Normalizer') return classesOf(origin.node.inputs[0] ?? '', origin.scope);
  return origin.index === 1 ? classLabels([origin.node])?.length : undefined;
}

function unused(name: string, scope: Scope): string {
  return scope.has(name) ? unused(`${name}_`, scope) : name;
}

/** An output of the graph; without a dtype the runtime infers all of its type. */
function declared(name: string, dtype?: string, shape?: readonly (number | string)[]): Uint8Array {
  const dimension = (size: number | string): Uint8Array[] => {
    if (typeof size === 'number') return [encode(DIMENSION.value, size)];
    return size === '' ? [] : [encode(DIMENSION.parameter, size)];
  };
  const type = dtype === undefined ? [] : [encode(VALUE_INFO.type, [encode(TYPE.tensor, [
    encode(TENSOR_TYPE.elementType, (DATA_TYPES as readonly string[]).indexOf(dtype)),
    ...(shape === undefined ? [] : [encode(TENSOR_TYPE.shape, shape.map((size) => encode(SHAPE.dimension, dimension(size))))]),
  ])])];
  return encode(GRAPH.output, [encode(VALUE_INFO.name, name), ...type]);
}
