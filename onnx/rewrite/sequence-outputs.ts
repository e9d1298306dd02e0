import { OUTPUTS_APART, outputParts } from '../engine/sequences.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { intAttribute, newNode } from '../graph/node.ts';
import type { TensorType } from '../graph/value-type.ts';
import { declareValue, type Replacement } from './replacement.ts';
import { LOOPS_WITH_SEQUENCES, partsFromSequence } from './sequence-loops.ts';
import { emptyConstant, graphAttribute } from './subgraph.ts';

/**
 * Stacks a sequence into one tensor, whose first dimension is the position in the sequence. Tensors of different shapes
 * become other outputs, if the input that asks for them is true.
 *
 * @param opset the version of ONNX's own operators that the model uses
 */
export function sequenceOutput(
  name: string,
  sequence: string,
  { dtype, shape }: TensorType,
  opset: number,
): Omit<Replacement, 'renamed'> {
  const stack = (output: string): Uint8Array =>
    newNode({
      opType: 'ConcatFromSequence',
      name: `rhizome/${name}/stack`,
      inputs: [sequence],
      outputs: [output],
      attributes: [intAttribute('axis', 0), intAttribute('new_axis', 1)],
    });
  const stacked = declareValue(GRAPH.output, name, dtype, shape && ['', ...shape]);
  if (opset < LOOPS_WITH_SEQUENCES) return { nodes: [stack(name)], fields: [stacked] };

  const parts = outputParts(name);
  const prefix = `rhizome/${name}/output`;
  const inside = (branch: string) => ({
    stack: `${prefix}/${branch}/stack`,
    elements: `${prefix}/${branch}/elements`,
    dims: `${prefix}/${branch}/dims`,
    ranks: `${prefix}/${branch}/ranks`,
  });
  const [apart, whole] = [inside('apart'), inside('whole')];
  const none = (shape ?? []).map((size) => (typeof size === 'number' ? size : 0));
  const choice = newNode({
    opType: 'If',
    name: prefix,
    inputs: [OUTPUTS_APART],
    outputs: [name, parts.elements, parts.dims, parts.ranks],
    attributes: [
      graphAttribute('then_branch', {
        nodes: [emptyConstant(apart.stack, dtype, [0, ...none]), ...partsFromSequence(sequence, apart, prefix, dtype)],
        outputs: Object.values(apart),
      }),
      graphAttribute('else_branch', {
        nodes: [
          stack(whole.stack),
          emptyConstant(whole.elements, dtype),
          emptyConstant(whole.dims, 'int64'),
          emptyConstant(whole.ranks, 'int64'),
        ],
        outputs: Object.values(whole),
      }),
    ],
  });
  const fields = [
    stacked,
    declareValue(GRAPH.output, parts.elements, dtype, ['']),
    declareValue(GRAPH.output, parts.dims, 'int64', ['']),
    declareValue(GRAPH.output, parts.ranks, 'int64', ['']),
  ];
  return { nodes: [choice], fields, hasApart: true };
}
