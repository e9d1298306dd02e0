import type { TaskName } from './model-json.ts';
import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';
import type { Batching } from './batching.ts';
import type { ClassLabel } from '../graph/class-labels.ts';

export interface ClassifierOutput {
  readonly task: 'classifier';
  readonly classes: readonly string[];
  /** Output with the label of each row, as the graph has it: `labels[i]` is called `classes[i]`. */
  readonly label: string;
  readonly labels: readonly ClassLabel[];
  /** One output of shape [N, classes], or one of [N] or [N, 1] a class; none where the model gives no probabilities. */
  readonly probabilities?: readonly string[];
}

export interface AnomalyDetectorOutput {
  readonly task: 'anomaly-detector';
  /** Output of -1 for an anomaly and 1 for all else, as scikit-learn has it. */
  readonly label: string;
  /** Output with a number a row; the lower, the more of an anomaly. */
  readonly score: string;
}

export interface RegressorOutput {
  readonly task: 'regressor';
  /** Output with a number a row. */
  readonly value: string;
}

export interface TensorsOutput {
  readonly task: 'tensors';
  readonly outputs: readonly TensorSpec[];
}

export type TaskOutput = ClassifierOutput | AnomalyDetectorOutput | RegressorOutput | TensorsOutput;

export interface TaskInput {
  readonly outputs: readonly TensorSpec[];
  readonly batching: Batching;
  /** Class labels by output, from the ZipMaps taken out of the graph. */
  readonly zipMapLabels: ReadonlyMap<string, readonly ClassLabel[]>;
  /** Looks for the class labels of a classifier in the graph; called only for one without a ZipMap. */
  readonly graphLabels: () => readonly ClassLabel[] | undefined;
  /** Names of the classes, of model.json. */
  readonly classes: readonly string[] | undefined;
  /** What model.json says that the model is. */
  readonly task: TaskName | undefined;
}

/** What the model's outputs mean: by rule, or as model.json says. @throws SignatureError where it says what cannot be */
export function resolveTask(input: TaskInput): TaskOutput {
  const { task, outputs, classes } = input;
  const tensors: TensorsOutput = { task: 'tensors', outputs };
  if (task === 'tensors') return tensors;
  if (task !== undefined) return found(task, rules[task](input), outputs);
  const output = rules['anomaly-detector'](input) ?? rules.classifier(input) ?? rules.regressor(input) ?? tensors;
  if (classes !== undefined && output.task !== 'classifier') {
    throw new SignatureError(
      `model.json names classes, and no output of the model gives labels (${outputs.map(describeTensor).join(', ')}): leave "classes" out, or export the labels too`,
    );
  }
  return output;
}

const rules = {
  classifier: resolveClassifier,
  'anomaly-detector': resolveAnomalyDetector,
  regressor: resolveRegressor,
};

const wanted: Readonly<Record<keyof typeof rules, string>> = {
  classifier: 'one output of int64 or string labels, one a row, with classes that the graph or "classes" names',
  'anomaly-detector': 'an output of int64 labels and one of scores, one a row each',
  regressor: 'one output of one number a row',
};

function found<T>(task: keyof typeof rules, output: T | undefined, outputs: readonly TensorSpec[]): T {
  if (output !== undefined) return output;
  throw new SignatureError(
    `model.json calls the model a ${task}, which has ${wanted[task]}; this one has ${outputs.map(describeTensor).join(', ')}`,
  );
}

/** One element a row. */
function isColumn({ shape }: TensorSpec, batching: Batching): boolean {
  return batching !== 'unbatched' && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
}

const isFloat = ({ dtype }: TensorSpec): boolean => dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
const isLabel = (output: TensorSpec, batching: Batching): boolean =>
  (output.dtype === 'int64' || output.dtype === 'string') && isColumn(output, batching);

function resolveClassifier({
  outputs,
  batching,
  zipMapLabels,
  graphLabels,
  classes,
}: TaskInput): ClassifierOutput | undefined {
  const [label, ...others] = outputs.filter((output) => isLabel(output, batching));
  if (label === undefined || others.length > 0 || zipMapLabels.size > 1) return undefined;
  const [zipped] = zipMapLabels;
  const labels = zipped?.[1] ?? fitting(graphLabels(), label) ?? named(label, classes);
  if (labels === undefined) return undefined;
  if (classes && classes.length !== labels.length) {
    throw new SignatureError(
      `model.json names ${classes.length} classes, and the model has ${labels.length} (${labels.join(', ')})`,
    );
  }
  const probabilities = zipped === undefined ? probabilityOutputs(outputs, batching, labels.length) : [zipped[0]];
  return {
    task: 'classifier',
    classes: classes ?? labels.map(String),
    label: label.name,
    labels,
    ...(probabilities && { probabilities }),
  };
}

function probabilityOutputs(
  outputs: readonly TensorSpec[],
  batching: Batching,
  classes: number,
): readonly string[] | undefined {
  const floats = outputs.filter(isFloat);
  const matrix = floats.find(({ shape }) => shape.length === 2 && shape[1] === classes);
  if (matrix) return [matrix.name];
  const columns = floats.filter((output) => isColumn(output, batching));
  return columns.length === classes ? columns.map(({ name }) => name) : undefined;
}

/** Labels of the graph's own classifier, where they are what the output gives: a later node may map them to others. */
function fitting(labels: readonly ClassLabel[] | undefined, { dtype }: TensorSpec): readonly ClassLabel[] | undefined {
  return labels?.every((label) => typeof label === (dtype === 'string' ? 'string' : 'bigint')) === true
    ? labels
    : undefined;
}

/** Labels of a graph that does not tell them, where model.json does. */
function named({ dtype }: TensorSpec, classes: readonly string[] | undefined): readonly ClassLabel[] | undefined {
  return dtype === 'string' ? classes : classes?.map((_, index) => BigInt(index));
}

/** As skl2onnx exports them: a label and a score a row, and no classifier in the graph. */
function resolveAnomalyDetector({
  outputs,
  batching,
  zipMapLabels,
  graphLabels,
  classes,
  task,
}: TaskInput): AnomalyDetectorOutput | undefined {
  const label = outputs.find((output) => output.dtype === 'int64' && isColumn(output, batching));
  const score = outputs.find((output) => isFloat(output) && isColumn(output, batching));
  if (label === undefined || score === undefined || outputs.length !== 2) return undefined;
  if (
    task === undefined &&
    (zipMapLabels.size > 0 || classes !== undefined || !/score/i.test(score.name) || graphLabels() !== undefined)
  )
    return undefined;
  return { task: 'anomaly-detector', label: label.name, score: score.name };
}

function resolveRegressor({ outputs, batching }: TaskInput): RegressorOutput | undefined {
  const [value, ...rest] = outputs;
  return value !== undefined && rest.length === 0 && isFloat(value) && isColumn(value, batching)
    ? { task: 'regressor', value: value.name }
    : undefined;
}
