import { classNumbers } from '../../onnx/batch/decode-predictions.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TaskOutput } from '../../onnx/signature/task.ts';

/** What of a signature names refer to. */
export type NamesOfModel = Pick<Signature, 'features' | 'inputs' | 'outputs' | 'output'>;

/** Where the values are that a name stands for. */
export interface NamedValues {
  /** The keys of requests and responses with named features. */
  readonly keys: readonly string[];
  /** The inputs and outputs of the graph. */
  readonly tensors: readonly string[];
}

/**
 * Returns where a model has the values that a name stands for: a feature, an input or an output, or a field of its
 * predictions. An input has those of all of its features; an output, those of the fields that are read from it. A
 * feature's tensor may have others, too.
 *
 * @returns undefined if the model has nothing of this name
 */
export function valuesOf(name: string, { features, inputs, outputs, output }: NamesOfModel): NamedValues | undefined {
  const named = features.filter((feature) => feature.name === name || feature.input === name);
  const fields = fieldsOf(output).filter(([field, sources]) => field === name || sources.includes(name));
  const tensors = [
    ...[...inputs, ...outputs].map((tensor) => tensor.name).filter((tensor) => tensor === name),
    ...named.map(({ input }) => input),
    ...fields.flatMap(([field, sources]) => (field === name ? sources : [])),
  ];
  const keys = [...named.map((feature) => feature.name), ...fields.map(([field]) => field)];
  return keys.length + tensors.length === 0 ? undefined : { keys, tensors };
}

/** Returns the fields of a prediction, each with the outputs that it is read from. */
function fieldsOf(output: TaskOutput): readonly (readonly [field: string, sources: readonly string[]])[] {
  switch (output.task) {
    case 'classifier':
      return [
        ['prediction', [output.label]],
        ...(output.probabilities ? [[classNumbers(output), output.probabilities] as const] : []),
      ];
    case 'anomaly-detector':
      return [
        ['prediction', [output.label]],
        ['score', [output.score]],
      ];
    case 'regressor':
      return [['prediction', [output.value]]];
    case 'tensors':
      return output.outputs.map(({ name }) => [name, [name]]);
  }
}
