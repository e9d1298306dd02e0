import type { Session } from '../engine/engine.ts';
import type { ClassLabel } from '../graph/class-labels.ts';
import { isRowless, resolveBatching, type Batching } from './batching.ts';
import { readCell, type SentCell, type SentRow } from './cells.ts';
import { checkDistribution, type DistributionJson } from './distribution.ts';
import { checkInputs, resolveFeatures, type Feature } from './features.ts';
import type { Example, FeatureValue, ModelJson } from './model-json.ts';
import { resolveTask, type RewrittenOutputs, type TaskOutput } from './task.ts';
import { SignatureError, toTensorSpec, type TensorSpec } from './tensor-spec.ts';

export type { Feature } from './features.ts';
export type { TaskOutput } from './task.ts';
export { SignatureError } from './tensor-spec.ts';

/** A model's inputs and outputs in its author's names: the APIs, their documentation and their validation use this. */
export interface Signature {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** In the graph's order. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly batching: Batching;
  readonly features: readonly Feature[];
  readonly output: TaskOutput;
  /** How the predictions for the training data were distributed. */
  readonly distribution?: DistributionJson;
  readonly metrics: NonNullable<ModelJson['metrics']>;
  readonly examples: readonly Example[];
}

/** The place of a model in its repository, which determines its name and version if `model.json` does not. */
export interface ModelPlace {
  readonly name: string;
  /** The number of its folder. If present, it takes precedence over the version in `model.json`. */
  readonly version?: string;
}

/**
 * Derives the signature of a model from its session and its `model.json`.
 *
 * @param rewritten what became of the graph's outputs
 * @param graphLabels finds the class labels of a classifier in the graph; called only for a graph without a ZipMap
 * @param shown the batching that runs have shown, if the declared shapes leave it open
 * @throws {SignatureError} if the model cannot be served, or `model.json` contradicts it
 */
export function resolveSignature(
  place: ModelPlace,
  session: Pick<Session, 'inputs' | 'outputs'>,
  rewritten: RewrittenOutputs,
  json: ModelJson,
  graphLabels: () => readonly ClassLabel[] | undefined = () => undefined,
  shown?: Batching,
): Signature {
  const inputs = session.inputs.map((input) => toTensorSpec(input, 'input'));
  const declared = session.outputs.map((output) => toTensorSpec(output, 'output'));
  const outputs = declared.map((spec): TensorSpec => {
    const decimals = json.outputs?.[spec.name]?.embedding?.decimals;
    return {
      ...spec,
      // The other tasks have rows.
      ...((json.task ?? 'tensors') === 'tensors' && isRowless(spec, inputs, declared) && { rowless: true }),
      ...(decimals !== undefined && { decimals }),
    };
  });
  checkInputs(inputs);
  const batching = shown ?? resolveBatching(inputs, outputs);
  const signature: Signature = {
    name: json.name ?? place.name,
    version: place.version ?? json.version ?? '1',
    ...(json.description !== undefined && { description: json.description }),
    inputs,
    outputs,
    batching,
    features: resolveFeatures(inputs, batching, json.features),
    output: resolveTask({ ...rewritten, outputs, batching, graphLabels, json }),
    ...(json.distribution !== undefined && { distribution: json.distribution }),
    metrics: json.metrics ?? {},
    examples: json.examples ?? [],
  };
  if (json.distribution !== undefined)
    checkDistribution(json.distribution, 'the predictions', predictedNames(signature.output));
  signature.examples.forEach((example, index) => {
    checkExample(signature, example, index);
  });
  return signature;
}

/**
 * Converts the input of an example to a row, as a request has it.
 *
 * @param index the example's position in `model.json`, for the error
 * @throws {SignatureError} if a feature is missing, unknown or does not fit
 */
export function exampleRow(
  { features }: Signature,
  input: Readonly<Record<string, FeatureValue>>,
  index: number,
): SentRow {
  const given = new Set(features.flatMap((feature) => (Object.hasOwn(input, feature.name) ? [feature.input] : [])));
  const missing = features
    .filter((feature) => !Object.hasOwn(input, feature.name) && !(feature.optional && !given.has(feature.input)))
    .map(({ name }) => name);
  const unknown = Object.keys(input).filter((name) => !features.some((feature) => feature.name === name));
  if (missing.length + unknown.length > 0) {
    throw new SignatureError(
      `example ${index} of model.json does not match the features: ` +
        `missing ${missing.join(', ') || 'none'}, unknown ${unknown.join(', ') || 'none'}`,
    );
  }
  return features.map((feature): SentCell => {
    if (!Object.hasOwn(input, feature.name)) return null;
    const { cell, problem } = readCell(feature, input[feature.name]);
    if (problem === undefined) return cell;
    const place = [feature.name, ...problem.path.map(String)].join('/');
    const value = JSON.stringify(problem.value).slice(0, 100);
    throw new SignatureError(`example ${index} of model.json: ${place} is ${value}, expected ${problem.expected}`);
  });
}

/** Returns the texts that a prediction can be; undefined for a number. */
function predictedNames(output: TaskOutput): readonly string[] | undefined {
  return output.task === 'classifier' ? output.classes : output.task === 'regressor' ? undefined : [];
}

/** Checks that the input of an example fits, and that its prediction suits the model's task. */
function checkExample(signature: Signature, example: Example, index: number): void {
  exampleRow(signature, example.input, index);
  const { output } = signature;
  const required = {
    classifier: 'prediction',
    regressor: 'prediction',
    'anomaly-detector': 'prediction',
    tensors: 'outputs',
  } as const;
  const key = required[output.task];
  if (example[key] === undefined) {
    throw new SignatureError(
      `example ${index} of model.json lacks "${key}", which is required for a model with the task ${output.task}`,
    );
  }
  if (output.task === 'classifier' && !output.classes.includes(String(example.prediction))) {
    throw new SignatureError(
      `example ${index} of model.json predicts '${example.prediction ?? ''}', which is not one of the classes ` +
        output.classes.join(', '),
    );
  }
  const unknown =
    output.task === 'tensors'
      ? Object.keys(example.outputs ?? {}).find((name) => !output.outputs.some((each) => each.name === name))
      : undefined;
  if (unknown !== undefined)
    throw new SignatureError(
      `example ${index} of model.json has the output '${unknown}', which the model does not have`,
    );
}

/**
 * Returns a signature if it has examples, and they fit it: a sequence has one dimension more than a row, so examples
 * show as surely as runs what the first dimension counts.
 *
 * @param resolve derives the signature from the declared shapes
 */
export function fittingExamples(resolve: () => Signature): Signature | undefined {
  try {
    const signature = resolve();
    return signature.examples.length > 0 ? signature : undefined;
  } catch (error) {
    if (error instanceof SignatureError) return undefined;
    throw error;
  }
}
