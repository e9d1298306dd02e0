import type { ClassLabel } from '../graph/class-labels.ts';
import type { Batching } from './batching.ts';
import type { TaskName } from './model-json.ts';
import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';

export interface ClassifierOutput {
  readonly task: 'classifier';
  readonly classes: readonly string[];
  /** The output with the label of each row, as the graph has it: `labels[i]` is called `classes[i]`. */
  readonly label: string;
  readonly labels: readonly ClassLabel[];
  /** One output [N, classes], or one output [N] or [N, 1] per class; undefined if the model has no probabilities. */
  readonly probabilities?: readonly string[];
  /** Whether these are not probabilities, but scores: they are not a distribution. */
  readonly areScores?: boolean;
}

export interface AnomalyDetectorOutput {
  readonly task: 'anomaly-detector';
  /** The output that is -1 for an anomaly and 1 for everything else, as in scikit-learn. */
  readonly label: string;
  /** The output with one number per row; the lower, the more anomalous. */
  readonly score: string;
}

export interface RegressorOutput {
  readonly task: 'regressor';
  /** The output with one number per row. */
  readonly value: string;
}

export interface TensorsOutput {
  readonly task: 'tensors';
  readonly outputs: readonly TensorSpec[];
}

/** What a model does, and which of its outputs mean what. */
export type TaskOutput = ClassifierOutput | AnomalyDetectorOutput | RegressorOutput | TensorsOutput;

/** What the task is derived from. */
export interface TaskInput {
  readonly outputs: readonly TensorSpec[];
  readonly batching: Batching;
  /** Class labels by output, from the ZipMaps removed from the graph. */
  readonly zipMapLabels: ReadonlyMap<string, readonly ClassLabel[]>;
  /** Finds the class labels of a classifier in the graph; called only for a graph without a ZipMap. */
  readonly graphLabels: () => readonly ClassLabel[] | undefined;
  /** The names of the classes in `model.json`. */
  readonly classes: readonly string[] | undefined;
  /** The task in `model.json`. */
  readonly task: TaskName | undefined;
}

/**
 * Derives what the model's outputs mean, from the task in `model.json` or by rule.
 *
 * @throws {SignatureError} if `model.json` contradicts the outputs
 */
export function resolveTask(input: TaskInput): TaskOutput {
  const { task, outputs, classes } = input;
  const tensors: TensorsOutput = { task: 'tensors', outputs };
  if (task === 'tensors') return tensors;
  // Whoever reads a label or a number needs one in every run.
  const certain = outputs.filter(({ sequence, optional }) => !sequence && !optional);
  if (task !== undefined) return found(task, rules[task]({ ...input, outputs: certain }), outputs);
  const output =
    certain.length < outputs.length
      ? tensors
      : (rules['anomaly-detector'](input) ?? rules.classifier(input) ?? rules.regressor(input) ?? tensors);
  if (classes !== undefined && output.task !== 'classifier') {
    throw new SignatureError(
      `model.json names classes, but no output of the model is labels: it has ${describeAll(outputs)}. ` +
        'Leave "classes" out, or export the labels too.',
    );
  }
  return output;
}

const rules = {
  classifier: resolveClassifier,
  'anomaly-detector': resolveAnomalyDetector,
  regressor: resolveRegressor,
};

const requirements: Readonly<Record<keyof typeof rules, string>> = {
  classifier: 'one output with one int64 or string label per row, and classes that the graph or "classes" names',
  'anomaly-detector': 'one output with an int64 label per row, and one with a score per row',
  regressor: 'one output with one number per row',
};

function found<T>(task: keyof typeof rules, output: T | undefined, outputs: readonly TensorSpec[]): T {
  if (output !== undefined) return output;
  throw new SignatureError(
    `model.json sets the task ${task}, which needs ${requirements[task]}. ` +
      `This model has ${describeAll(outputs)}: leave "task" out, or export the outputs that the task needs.`,
  );
}

const describeAll = (outputs: readonly TensorSpec[]): string => outputs.map(describeTensor).join(', ');

/** Returns whether an output has one element per row. */
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
      `model.json names ${classes.length} classes, but the model has ${labels.length} (${labels.join(', ')})`,
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

/** Returns the labels of the graph's classifier if the output has their type: a later node may map them to others. */
function fitting(labels: readonly ClassLabel[] | undefined, { dtype }: TensorSpec): readonly ClassLabel[] | undefined {
  return labels?.every((label) => typeof label === (dtype === 'string' ? 'string' : 'bigint')) === true
    ? labels
    : undefined;
}

/** Returns the labels for a graph that does not contain them, from the classes in `model.json`. */
function named({ dtype }: TensorSpec, classes: readonly string[] | undefined): readonly ClassLabel[] | undefined {
  return dtype === 'string' ? classes : classes?.map((_, index) => BigInt(index));
}

/** Recognizes what skl2onnx exports: a label and a score per row, and no classifier in the graph. */
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
