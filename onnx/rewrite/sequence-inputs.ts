import { inputApart, inputParts } from '../engine/sequences.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { intAttribute, newNode } from '../graph/node.ts';
import { declareValue } from './replacement.ts';
import type { TensorType } from '../graph/value-type.ts';
import { LOOPS_WITH_SEQUENCES, sequenceFromParts } from './sequence-loops.ts';
import { graphAttribute } from './subgraph.ts';

/** The element types that the runtime's SplitToSequence accepts. */
const splittable: ReadonlySet<string> = new Set('float32 float64 float16 int32 int64 string bool'.split(' '));

/** What stands for a sequence in the graph's inputs. */
export interface SequenceInput {
  readonly fields: readonly Uint8Array[];
  readonly nodes: readonly Uint8Array[];
}

/**
 * Makes inputs that are tensors of an input that is a sequence: one that stacks tensors of one shape, if it can be
 * declared, and others for tensors of any shape.
 *
 * @param sequence the name of the sequence in the graph
 * @param opset the version of ONNX's own operators that the model uses
 * @returns undefined if the opset is too old for tensors of any shape, and no stack can be declared
 */
export function sequenceInput(
  name: string,
  sequence: string,
  { dtype, shape }: TensorType,
  opset: number,
): SequenceInput | undefined {
  const parts = inputParts(name);
  const prefix = `rhizome/${name}/input`;
  const splits = shape !== undefined && splittable.has(dtype);
  const stack = shape === undefined ? [] : [declareValue(GRAPH.input, name, dtype, ['', ...shape])];
  const split = (output: string): Uint8Array =>
    newNode({
      opType: 'SplitToSequence',
      name: prefix,
      inputs: [name],
      outputs: [output],
      attributes: [intAttribute('axis', 0), intAttribute('keepdims', 0)],
    });
  if (opset < LOOPS_WITH_SEQUENCES) return splits ? { fields: stack, nodes: [split(sequence)] } : undefined;
  const fields = [
    ...stack,
    declareValue(GRAPH.input, parts.elements, dtype, ['']),
    declareValue(GRAPH.input, parts.dims, 'int64', ['']),
    declareValue(GRAPH.input, parts.ranks, 'int64', ['']),
  ];
  if (!splits) return { fields, nodes: sequenceFromParts(parts, sequence, prefix, dtype, opset) };
  const [built, whole] = [`${prefix}/built`, `${prefix}/whole`];
  const choice = newNode({
    opType: 'If',
    name: prefix,
    inputs: [inputApart(name)],
    outputs: [sequence],
    attributes: [
      graphAttribute('then_branch', {
        nodes: sequenceFromParts(parts, built, prefix, dtype, opset),
        outputs: [built],
      }),
      graphAttribute('else_branch', { nodes: [split(whole)], outputs: [whole] }),
    ],
  });
  return { fields: [...fields, declareValue(GRAPH.input, inputApart(name), 'bool', [])], nodes: [choice] };
}
