import type { ClassLabel } from '../graph/class-labels.ts';
import { constantInts, newNode, type Node } from '../graph/node.ts';
import type { Origin, Scope } from '../graph/scope.ts';
import { outputError } from './non-tensor-error.ts';

const advice =
  "Export the probabilities as a tensor: skl2onnx's to_onnx(…, options={'zipmap': False}), " +
  "onnxmltools' convert(…, zipmap=False); or export the model without this output.";

/** Returns whether a node is a ZipMap, which turns a tensor [N, labels] into a sequence of maps. */
export function isZipMap({ opType, domain }: Node): boolean {
  return opType === 'ZipMap' && domain === 'ai.onnx.ml';
}

/**
 * Returns the labels of a sequence of maps: those of the ZipMap that produces it, through any nodes that pass it on.
 *
 * @param output the graph's output, for the error
 * @param type the output's type, for the error
 * @throws {NonTensorError} if another operator produces it, or branches have different labels
 */
export function labelsOfMaps(value: string, scope: Scope, output: string, type: string): readonly ClassLabel[] {
  const origin = scope.origin(value);
  const labels = origin?.scope.once('labels', value, () => labelsFrom(origin, output, type));
  if (labels === undefined) throw outputError(output, type, origin, advice);
  return labels;
}

function labelsFrom(origin: Origin, output: string, type: string): readonly ClassLabel[] {
  const refuse = (reason: string) => outputError(output, type, origin, `${reason}${advice}`);
  const { node, index, scope: place } = origin;
  if (isZipMap(node)) return zipMapLabels(node);
  if (node.opType === 'Identity' && node.domain === '') return labelsOfMaps(node.inputs[0] ?? '', place, output, type);
  const insides = [
    place.called(node),
    ...(node.domain === '' ? ['then_branch', 'else_branch', 'body'].map((name) => place.inside(node, name)) : []),
  ];
  // The first output of a loop's body says whether to continue.
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
 * Returns the nodes that replace a ZipMap: they pass its input, the tensor [N, labels] of any float type, on under the
 * name of its output. A Reshape, unlike an Identity, declares the number of columns, which the type inference for
 * classifiers often leaves open, and rejects any other number, as the ZipMap does.
 */
export function replaceZipMap(node: Node): Uint8Array[] {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const shape = `rhizome/${output}/shape`;
  // 0 keeps the dimension as it is.
  return [
    constantInts(shape, [0, zipMapLabels(node).length]),
    newNode({ opType: 'Reshape', name: node.name, inputs: [input, shape], outputs: [output] }),
  ];
}

function zipMapLabels(node: Node): readonly ClassLabel[] {
  const texts = node.strings('classlabels_strings');
  return texts.length > 0 ? texts : node.ints('classlabels_int64s');
}
