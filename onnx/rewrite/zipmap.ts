import type { ClassLabel } from '../graph/class-labels.ts';
import { constantInts, newNode, type Node } from '../graph/node.ts';
import { outputError } from './non-tensor-error.ts';
import type { Scope } from '../graph/scope.ts';

const advice =
  "Export the probabilities as a tensor: skl2onnx's to_onnx(…, options={'zipmap': False}), onnxmltools' convert(…, zipmap=False); or leave this output out.";

export function isZipMap({ opType, domain }: Node): boolean {
  return opType === 'ZipMap' && domain === 'ai.onnx.ml';
}

/**
 * The labels of a sequence of maps, which is what a ZipMap makes; others hand it on.
 *
 * @param output the graph's output that is asked for, and its type, for the error
 * @throws NonTensorError where something else makes it, or branches differ
 */
export function labelsOfMaps(value: string, scope: Scope, output: string, type: string): readonly ClassLabel[] {
  const origin = scope.origin(value);
  const refuse = (reason: string) => outputError(output, type, origin, `${reason}${advice}`);
  if (origin === undefined) throw refuse('');
  const { node, index, scope: place } = origin;
  if (isZipMap(node)) return zipMapLabels(node);
  if (node.opType === 'Identity' && node.domain === '') return labelsOfMaps(node.inputs[0] ?? '', place, output, type);
  const insides = [
    place.called(node),
    ...(node.domain === '' ? ['then_branch', 'else_branch', 'body'].map((name) => place.inside(node, name)) : []),
  ];
  // A loop's body gives first whether to go on.
  const at = node.opType === 'Loop' && node.domain === '' ? index + 1 : index;
  const [first, ...others] = insides
    .filter((inside) => inside !== undefined)
    .map((inside) => labelsOfMaps(inside.outputs[at] ?? '', inside, output, type));
  if (first === undefined) throw refuse('');
  if (others.some((other) => other.length !== first.length || other.some((label, at) => label !== first[at])))
    throw refuse('Its branches have different labels. ');
  return first;
}

/**
 * What stands in a ZipMap's place: its input, the tensor [N, labels] of any float type, under its output's name. A Reshape,
 * not an Identity, tells the runtime the number of columns, which a classifier's type inference often leaves open; and
 * refuses another number, as the ZipMap does.
 */
export function replaceZipMap(node: Node): Uint8Array[] {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = `rhizome/${output}/shape`;
  // 0 is "as it was".
  return [
    constantInts(shape, [0, zipMapLabels(node).length]),
    newNode({ opType: 'Reshape', name: node.name, inputs: [input, shape], outputs: [output] }),
  ];
}

function zipMapLabels(node: Node): readonly ClassLabel[] {
  const texts = node.strings('classlabels_strings');
  return texts.length > 0 ? texts : node.ints('classlabels_int64s');
}
