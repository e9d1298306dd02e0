import type { Feature } from '../../../onnx/signature/features.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../../onnx/signature/tensor-spec.ts';
import type { DType, Tensor } from '../../../onnx/engine/engine.ts';
import type { Tensors } from '../../inference/run.ts';
import { BinCounts, type Element } from './bins.ts';

/** Each feature is a dozen series for each version of a model. */
export const mostFeatures = 64;
/** Choices or classes: a feature with more has names rather than categories. */
export const mostNames = 100;

/** A feature that is counted. */
export interface CountedFeature {
  readonly feature: Feature;
  readonly counts: BinCounts;
}

/** What is counted of a version of a model. */
export interface CountedModel {
  readonly name: string;
  readonly version: string;
  readonly features: readonly CountedFeature[];
  /** Undefined if the predictions are tensors. */
  readonly predictions: BinCounts | undefined;
  /** What is not counted, and why. */
  readonly leftOut: readonly string[];
}

/** Decides what is counted of a model. */
export function countedModel({ name, version, features, output, outputs, distribution }: Signature): CountedModel {
  const leftOut: string[] = [];
  const counted: CountedFeature[] = [];
  for (const feature of features) {
    const reason = counted.length === mostFeatures ? `more than ${mostFeatures} features` : uncountable(feature);
    if (reason === undefined) counted.push({ feature, counts: featureCounts(feature) });
    else leftOut.push(`${feature.name}: ${reason}`);
  }
  const common = { name, version, features: counted, leftOut };
  switch (output.task) {
    case 'classifier':
      if (output.classes.length <= mostNames)
        return { ...common, predictions: BinCounts.ofNames(output.classes, output.labels, distribution) };
      leftOut.push(`the predictions: more than ${mostNames} classes`);
      return { ...common, predictions: undefined };
    case 'regressor':
      return { ...common, predictions: BinCounts.ofNumbers(dtypeOf(outputs, output.value), undefined, distribution) };
    case 'anomaly-detector':
      return { ...common, predictions: BinCounts.ofNames(['-1', '1'], [-1n, 1n], undefined) };
    case 'tensors':
      leftOut.push('the predictions: tensors');
      return { ...common, predictions: undefined };
  }
}

const dtypeOf = (specs: readonly TensorSpec[], name: string): DType =>
  specs.find((spec) => spec.name === name)?.dtype ?? 'float32';

/** Returns why a feature cannot be counted; undefined if it can. */
function uncountable({ shape, sequence, dtype, choices }: Feature): string | undefined {
  if (shape.length > 0 || sequence === true) return 'a tensor';
  if (dtype !== 'string') return undefined;
  if (choices === undefined) return 'texts without "choices" in model.json';
  return choices.length > mostNames ? `more than ${mostNames} choices` : undefined;
}

function featureCounts({ dtype, range, choices, distribution }: Feature): BinCounts {
  if (choices !== undefined) return BinCounts.ofNames(choices, choices, distribution);
  if (dtype === 'bool') return BinCounts.ofNames(['false', 'true'], [0, 1], undefined);
  return BinCounts.ofNumbers(dtype, range, distribution);
}

/** Returns a function that counts the values of one row of a run. */
export function rowCounter(
  { features, predictions }: CountedModel,
  { batching, output }: Signature,
): { readonly rows: (feeds: Tensors) => number; readonly count: CountRow } {
  const inputs = [...new Set(features.map(({ feature }) => feature.input))];
  const label = 'label' in output ? output.label : 'value' in output ? output.value : undefined;
  return {
    rows: (feeds) =>
      batching === 'unbatched' ? 1 : inputs.reduce((most, name) => Math.max(most, feeds[name]?.shape[0] ?? 0), 0),
    count: (feeds, outputs, rows, row) => {
      for (const { feature, counts } of features) {
        const tensor = feeds[feature.input];
        if (tensor === undefined) continue;
        const width = widthOf(tensor, rows);
        if (width !== undefined) counts.add(tensor.data[row * width + (feature.column ?? 0)] as Element);
      }
      const predicted = label === undefined ? undefined : outputs[label];
      if (predicted === undefined || predictions === undefined) return;
      if (widthOf(predicted, rows) === 1) predictions.add(predicted.data[row] as Element);
    },
  };
}

type CountRow = (feeds: Tensors, outputs: Tensors, rows: number, row: number) => void;

/** Returns the number of elements of a row; undefined if the tensor does not have these rows. */
function widthOf({ data: { length } }: Tensor, rows: number): number | undefined {
  return length > 0 && length % rows === 0 ? length / rows : undefined;
}
