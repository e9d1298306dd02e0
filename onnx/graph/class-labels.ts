import { constant, weightTexts } from './constants.ts';
import type { GraphNode } from './node.ts';
import { Scope } from './scope.ts';

/**
 * A class label as the graph holds it. The trainer's own names (`setosa`) are often numbers there; `model.json` names them.
 */
export type ClassLabel = bigint | string;

/** Labels that a classifier of the graph gives, in the order of its probabilities; undefined where none tells, or two differ. */
export function classLabels(nodes: readonly GraphNode[]): readonly ClassLabel[] | undefined {
  return common(
    nodes.map((node): readonly ClassLabel[] => {
      const strings = [...node.strings('classlabels_strings'), ...node.strings('classlabels_string')];
      return strings.length > 0 ? strings : [...node.ints('classlabels_ints'), ...node.ints('classlabels_int64s')];
    }),
  );
}

/** Labels of which the largest score picks one: how skl2onnx writes a classifier that ONNX has no operator for. */
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

/** Whether a value is the place of the largest, whatever has become of its type and shape. */
function isArgMax(value: string, scope: Scope): boolean {
  const node = scope.origin(value)?.node;
  if (node === undefined || node.opType === 'ArgMax') return node !== undefined;
  return (
    ['Cast', 'Identity', 'Reshape', 'Squeeze', 'Flatten'].includes(node.opType) && isArgMax(node.inputs[0] ?? '', scope)
  );
}

function common(all: readonly (readonly ClassLabel[])[]): readonly ClassLabel[] | undefined {
  const [first, ...others] = all.filter((labels) => labels.length > 1);
  return others.every(
    (other) => other.length === first?.length && other.every((label, index) => label === first[index]),
  )
    ? first
    : undefined;
}
