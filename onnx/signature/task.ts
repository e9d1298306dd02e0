import type { ClassLabel } from '../graph/class-labels.ts';
import type { Batching } from './batching.ts';
import type { ModelJson } from './model-json.ts';
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
  /** How many classes a response lists, the most probable first. @default all */
  readonly top?: number;
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

/** What became of the graph's outputs when its file was read. */
export interface RewrittenOutputs {
  /** Class labels by output, from the ZipMaps removed from the graph. */
  readonly labels: ReadonlyMap<string, readonly ClassLabel[]>;
  /** The outputs that were added because `model.json` says that one has a number for each class. */
  readonly ranked?: { readonly source: string; readonly label: string; readonly probabilities: string } | undefined;
}

/** What the task is derived from. */
export interface TaskInput extends RewrittenOutputs {
  readonly outputs: readonly TensorSpec[];
  readonly batching: Batching;
  /** Finds the class labels of a classifier in the graph; called only for a graph without a ZipMap. */
  readonly graphLabels: () => readonly ClassLabel[] | undefined;
  readonly json: Pick<ModelJson, 'classes' | 'task' | 'outputs'>;
}

/**
 * Derives what the model's outputs mean, from the task in `model.json` or by rule.
 *
 * @throws {SignatureError} if `model.json` contradicts the outputs
 */
export function resolveTask({ json, ...graph }: TaskInput): TaskOutput {
  const input = { ...graph, json: { ...json, ...(json.classes && { classes: distinct(json.classes) }) } };
  const { outputs } = input;
  const { task, classes, outputs: declarations = {} } = input.json;
  // Whoever declares an embedding wants no other output of the model.
  const embeddings = outputs.filter(({ name }) => declarations[name]?.embedding !== undefined);
  if (embeddings.length > 0) return { task: 'tensors', outputs: embeddings };
  const declared = resolveRanked(input);
  if (declared !== undefined) return declared;
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

/** Numbers names that are repeated: the usual list of ImageNet has two cranes, a bird and a machine. */
function distinct(names: readonly string[]): readonly string[] {
  const used = new Set(names);
  const seen = new Map<string, number>();
  return names.map((name) => {
    let number = (seen.get(name) ?? 0) + 1;
    while (number > 1 && used.has(`${name} (${number})`)) number++;
    seen.set(name, number);
    return number === 1 ? name : `${name} (${number})`;
  });
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
function isColumn({ shape, rowless }: TensorSpec, batching: Batching): boolean {
  return batching !== 'unbatched' && !rowless && (shape.length === 1 || (shape.length === 2 && shape[1] === 1));
}

const isFloat = ({ dtype }: TensorSpec): boolean => dtype === 'float32' || dtype === 'float64' || dtype === 'float16';
const isLabel = (output: TensorSpec, batching: Batching): boolean =>
  (output.dtype === 'int64' || output.dtype === 'string') && isColumn(output, batching);

function resolveClassifier({
  outputs,
  batching,
  labels: zipMapLabels,
  graphLabels,
  json: { classes },
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

/** Returns the classifier that `model.json` makes of an output with a number for each class. */
function resolveRanked({ outputs, ranked, json }: TaskInput): ClassifierOutput | undefined {
  const declared = Object.entries(json.outputs ?? {}).filter(([, output]) => output.classes !== undefined);
  const [first, second] = declared;
  if (first === undefined) return undefined;
  const [name, { classes: { top } = {} }] = first;
  const refuse = (why: string): never => {
    throw new SignatureError(`"outputs" in model.json says that '${name}' has classes, but ${why}`);
  };
  if (second !== undefined) refuse(`'${second[0]}' has classes too. Only one output can.`);
  const source = outputs.find((output) => output.name === name);
  if (source === undefined) return refuse(`the model has no such output. It has ${describeAll(outputs)}.`);
  if (ranked?.source !== name) return refuse(`it is ${describeTensor(source)}. Floats [rows, classes] are needed.`);
  if (json.task !== undefined && json.task !== 'classifier') refuse(`"task" is ${json.task}. Leave "task" out.`);
  const [, count] = source.shape;
  const { classes = [] } = json;
  if (classes.length < 2) refuse('"classes" does not name them.');
  if (typeof count === 'number' && count !== classes.length)
    refuse(`"classes" names ${classes.length}, and the output has ${count} numbers.`);
  return {
    task: 'classifier',
    classes,
    label: ranked.label,
    labels: classes.map((_, index) => BigInt(index)),
    probabilities: [ranked.probabilities],
    ...(top !== undefined && top < classes.length && { top }),
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
  labels: zipMapLabels,
  graphLabels,
  json: { classes, task },
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
