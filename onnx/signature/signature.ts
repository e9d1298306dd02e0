import type { Session } from '../engine/engine.ts';
import { checkInputs, resolveFeatures, type Feature } from './features.ts';
import type { Example, FeatureValue, ModelJson } from './model-json.ts';
import { readCell, type Cell, type Row } from './cells.ts';
import { resolveTask, type TaskOutput } from './task.ts';
import { SignatureError, toTensorSpec, type TensorSpec } from './tensor-spec.ts';
import { resolveBatching, type Batching } from './batching.ts';
import type { ClassLabel } from '../graph/class-labels.ts';

export type { Feature } from './features.ts';
export type { TaskOutput } from './task.ts';
export { SignatureError } from './tensor-spec.ts';

/** What a model takes and gives, in its author's names: the APIs, their documentation and their checks come from this. */
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
  readonly metrics: NonNullable<ModelJson['metrics']>;
  readonly examples: readonly Example[];
}

/** Where a model lies, and so what it is called where `model.json` does not say. */
export interface ModelPlace {
  readonly name: string;
  /** The number of its folder, which is then its version, whatever model.json says. */
  readonly version?: string;
}

/**
 * @param zipMapLabels class labels by output, from the ZipMaps taken out of the graph.
 * @param graphLabels looks for the class labels of a classifier in the graph; called only for one without a ZipMap.
 * @throws SignatureError
 */
export function resolveSignature(
  place: ModelPlace,
  session: Pick<Session, 'inputs' | 'outputs'>,
  zipMapLabels: ReadonlyMap<string, readonly ClassLabel[]>,
  json: ModelJson,
  graphLabels: () => readonly ClassLabel[] | undefined = () => undefined,
): Signature {
  const inputs = session.inputs.map((input) => toTensorSpec(input, 'input'));
  const outputs = session.outputs.map((output) => toTensorSpec(output, 'output'));
  checkInputs(inputs);
  const batching = resolveBatching(inputs, outputs);
  const signature: Signature = {
    name: json.name ?? place.name,
    version: place.version ?? json.version ?? '1',
    ...(json.description !== undefined && { description: json.description }),
    inputs,
    outputs,
    batching,
    features: resolveFeatures(inputs, batching, json.features),
    output: resolveTask({ outputs, batching, zipMapLabels, graphLabels, classes: json.classes, task: json.task }),
    metrics: json.metrics ?? {},
    examples: json.examples ?? [],
  };
  signature.examples.forEach((example, index) => {
    checkExample(signature, example, index);
  });
  return signature;
}

/** The input of an example as a row. @throws SignatureError naming the feature that does not fit */
export function exampleRow({ features }: Signature, input: Readonly<Record<string, FeatureValue>>, index: number): Row {
  const missing = features.filter(({ name }) => !Object.hasOwn(input, name)).map(({ name }) => name);
  const unknown = Object.keys(input).filter((name) => !features.some((feature) => feature.name === name));
  if (missing.length + unknown.length > 0) {
    throw new SignatureError(
      `example ${index} of model.json does not fit the features: missing ${missing.join(', ') || 'none'}, unknown ${unknown.join(', ') || 'none'}`,
    );
  }
  return features.map((feature): Cell => {
    const { cell, problem } = readCell(feature, input[feature.name]);
    if (problem === undefined) return cell;
    const place = [feature.name, ...problem.path.map(String)].join('/');
    throw new SignatureError(
      `example ${index} of model.json: ${place} is ${JSON.stringify(problem.value).slice(0, 100)}, expected ${problem.expected}`,
    );
  });
}

/** That the example says what such a model can say; its input is read each time that it is run. */
function checkExample(signature: Signature, example: Example, index: number): void {
  exampleRow(signature, example.input, index);
  const { output } = signature;
  const missing = {
    classifier: 'prediction',
    regressor: 'prediction',
    'anomaly-detector': 'prediction',
    tensors: 'outputs',
  } as const;
  if (example[missing[output.task]] === undefined) {
    throw new SignatureError(
      `example ${index} of model.json lacks "${missing[output.task]}", which is what a model of the task ${output.task} answers`,
    );
  }
  if (output.task === 'classifier' && !output.classes.includes(String(example.prediction))) {
    throw new SignatureError(
      `example ${index} of model.json predicts '${example.prediction ?? ''}', which is none of the classes ${output.classes.join(', ')}`,
    );
  }
  const unknown =
    output.task === 'tensors'
      ? Object.keys(example.outputs ?? {}).find((name) => !output.outputs.some((each) => each.name === name))
      : undefined;
  if (unknown !== undefined)
    throw new SignatureError(
      `example ${index} of model.json has the output '${unknown}', which the model does not give`,
    );
}
