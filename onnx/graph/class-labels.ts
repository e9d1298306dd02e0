import { constant, weightTexts } from './constants.ts';
import type { GraphNode } from './node.ts';
import { Scope } from './scope.ts';

/** A class label as the graph holds it: often a number, even if the training library had a name (`setosa`). */
export type ClassLabel = bigint | string;

/**
 * Returns the labels of the graph's classifier, in the order of its probabilities; undefined if no node has labels, or
 * two nodes have different ones.
 */
export function classLabels(nodes: readonly GraphNode[]): readonly ClassLabel[] | undefined {
  return common(
    nodes.map((node): readonly ClassLabel[] => {
      const strings = [...node.strings('classlabels_strings'), ...node.strings('classlabels_string')];
      return strings.length > 0 ? strings : [...node.ints('classlabels_ints'), ...node.ints('classlabels_int64s')];
    }),
  );
}

/**
 * Returns the list of labels that an ArgMax indexes: this is how skl2onnx writes the classifiers that ONNX has no
 * operator for.
 */
export function argMaxLabels(model: Uint8Array): readonly ClassLabel[] | undefined {
  const scope = Scope.ofModel(model);
  return common(
    scope.nodes
      .filter(({ opType }) => opType === 'ArrayFeatureExtractor')
      .map(({ inputs: [list = '', index = ''] }) => {
        if (scope.weight(list) === undefined || !isArgMax(index, scope)) return [];
        const texts = weightTexts(list, scope);
        return texts.length > 0 ? texts : (constant(list, scope)?.values ?? []);
      }),
  );
}

/** Returns whether a value comes from an ArgMax, even if its type or shape was changed on the way. */
function isArgMax(value: string, scope: Scope): boolean {
  const node = scope.origin(value)?.node;
  if (node === undefined || node.opType === 'ArgMax') return node !== undefined;
  if (!['Cast', 'Identity', 'Reshape', 'Squeeze', 'Flatten'].includes(node.opType)) return false;
  return scope.once('argmax', value, () => isArgMax(node.inputs[0] ?? '', scope)) ?? false;
}

function common(all: readonly (readonly ClassLabel[])[]): readonly ClassLabel[] | undefined {
  const [first, ...others] = all.filter((labels) => labels.length > 1);
  return others.every(
    (other) => other.length === first?.length && other.every((label, index) => label === first[index]),
  )
    ? first
    : undefined;
}
