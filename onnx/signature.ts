import type { DType, Session, TensorInfo } from './engine/engine.ts';
import type { Example, FeatureJson, ModelJson } from './model-json.ts';
import type { ClassLabel } from './zipmap.ts';

/** One named value of a row, and the column of the input tensor that it fills. */
export interface Feature extends FeatureJson {
  readonly dtype: DType;
  readonly input: string;
  readonly column: number;
}

export interface ClassifierOutput {
  readonly task: 'classifier';
  readonly classes: readonly string[];
  /** Output of shape [N] with the label of each row, as the graph has it: `labels[i]` is called `classes[i]`. */
  readonly label: string;
  readonly labels: readonly ClassLabel[];
  /** Output of shape [N, classes]; none where the model gives no probabilities. */
  readonly probabilities?: string;
}

export interface RegressorOutput {
  readonly task: 'regressor';
  /** Output of shape [N] or [N, 1]. */
  readonly value: string;
}

/** What a model takes and gives, in its author's names: the API, its documentation and its checks come from this. */
export interface Signature {
  readonly name: string;
  readonly version: string;
  readonly description?: string;
  /** Inputs of shape [N, width], in the graph's order. */
  readonly inputs: readonly { readonly name: string; readonly dtype: DType; readonly width: number }[];
  readonly features: readonly Feature[];
  readonly output: ClassifierOutput | RegressorOutput;
  readonly metrics: NonNullable<ModelJson['metrics']>;
  readonly examples: readonly Example[];
}

/** The model is valid, but is not one that can be served, or `model.json` contradicts it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/**
 * @param folder name of the model's folder: the model's name where `model.json` gives none.
 * @param zipMapLabels class labels by output, from the ZipMaps taken out of the graph.
 * @param graphLabels looks for the class labels of a classifier in the graph; called only for one without a ZipMap.
 */
export function resolveSignature(
  folder: string,
  session: Pick<Session, 'inputs' | 'outputs'>,
  zipMapLabels: ReadonlyMap<string, readonly ClassLabel[]>,
  json: ModelJson,
  graphLabels: () => readonly ClassLabel[] | undefined = () => undefined,
): Signature {
  const inputs = session.inputs.map(tabularInput);
  const signature: Signature = {
    name: json.name ?? folder,
    version: json.version ?? '1',
    ...(json.description !== undefined && { description: json.description }),
    inputs,
    features: resolveFeatures(inputs, json.features),
    output: resolveClassifier(session.outputs, zipMapLabels, json.classes, graphLabels) ?? resolveRegressor(session.outputs),
    metrics: json.metrics ?? {},
    examples: json.examples ?? [],
  };
  checkExamples(signature);
  return signature;
}

function tabularInput(input: TensorInfo): Signature['inputs'][number] {
  const width = input.shape[1];
  if (input.dtype === undefined || input.shape.length !== 2 || typeof width !== 'number' || width < 1) {
    throw new SignatureError(`input ${describe(input)} is no table: expected a tensor of shape [N, columns] with a fixed number of columns`);
  }
  if (typeof input.shape[0] === 'number') {
    throw new SignatureError(`input ${describe(input)} has a fixed number of rows: export the model with a dynamic first dimension`);
  }
  return { name: input.name, dtype: input.dtype, width };
}

function resolveFeatures(inputs: Signature['inputs'], json: readonly FeatureJson[] | undefined): Feature[] {
  const columns = inputs.flatMap(({ name, dtype, width }) => Array.from({ length: width }, (_, column) => ({
    name: width === 1 ? name : `${name}_${column}`, dtype, input: name, column,
  })));
  if (!json) return columns;
  if (json.length !== columns.length) {
    throw new SignatureError(`model.json names ${json.length} features, and the model has ${columns.length} columns (${columns.map(({ name }) => name).join(', ')})`);
  }
  const twice = json.find(({ name }, index) => json.findIndex((other) => other.name === name) !== index);
  if (twice) throw new SignatureError(`model.json names the feature '${twice.name}' twice`);
  return columns.map((column, index) => ({ ...column, ...json[index] }));
}

function resolveClassifier(
  outputs: readonly TensorInfo[],
  zipMapLabels: ReadonlyMap<string, readonly ClassLabel[]>,
  names: readonly string[] | undefined,
  graphLabels: () => readonly ClassLabel[] | undefined,
): ClassifierOutput | undefined {
  const label = outputs.find(({ dtype, shape }) => shape.length === 1 && typeof shape[0] === 'string' && (dtype === 'int64' || dtype === 'string'));
  if (!label) return undefined;
  const zipped = [...zipMapLabels.entries()][0];
  const labels = zipped?.[1] ?? fitting(graphLabels(), label) ?? defaultLabels(label, names);
  if (names && names.length !== labels.length) {
    throw new SignatureError(`model.json names ${names.length} classes, and the model has ${labels.length} (${labels.join(', ')})`);
  }
  const probabilities = zipped?.[0] ??
    outputs.find(({ dtype, shape }) => (dtype === 'float32' || dtype === 'float64') && shape.length === 2 && shape[1] === labels.length)?.name;
  return {
    task: 'classifier',
    classes: names ?? labels.map(String),
    label: label.name,
    labels,
    ...(probabilities !== undefined && { probabilities }),
  };
}

/** Labels of the graph's own classifier, where they are what the output gives: a later node may map them to others. */
function fitting(labels: readonly ClassLabel[] | undefined, { dtype }: TensorInfo): readonly ClassLabel[] | undefined {
  return labels?.every((label) => typeof label === (dtype === 'string' ? 'string' : 'bigint')) === true ? labels : undefined;
}

/** Labels of a graph that does not tell them. */
function defaultLabels(label: TensorInfo, names: readonly string[] | undefined): readonly ClassLabel[] {
  if (!names) {
    throw new SignatureError(`the graph does not name the classes of output ${describe(label)}: list them, in the model's order, as "classes" in model.json (rhizome add --classes)`);
  }
  return label.dtype === 'string' ? names : names.map((_, index) => BigInt(index));
}

function resolveRegressor(outputs: readonly TensorInfo[]): RegressorOutput {
  const [value, ...rest] = outputs;
  const numeric = value?.dtype === 'float32' || value?.dtype === 'float64';
  if (!value || rest.length > 0 || !numeric || !(value.shape.length === 1 || (value.shape.length === 2 && value.shape[1] === 1))) {
    throw new SignatureError(`outputs ${outputs.map(describe).join(', ')} are those of neither a classifier (labels of shape [N]) nor a regressor (one number a row)`);
  }
  return { task: 'regressor', value: value.name };
}

function checkExamples({ features, output, examples }: Signature): void {
  examples.forEach(({ input, prediction }, index) => {
    const missing = features.filter(({ name }) => !Object.hasOwn(input, name)).map(({ name }) => name);
    const unknown = Object.keys(input).filter((name) => !features.some((feature) => feature.name === name));
    if (missing.length + unknown.length > 0) {
      throw new SignatureError(`example ${index} of model.json does not fit the features: missing ${missing.join(', ') || 'none'}, unknown ${unknown.join(', ') || 'none'}`);
    }
    if (output.task === 'classifier' && !output.classes.includes(String(prediction))) {
      throw new SignatureError(`example ${index} of model.json predicts '${prediction}', which is none of the classes ${output.classes.join(', ')}`);
    }
  });
}

function describe({ name, dtype, shape }: TensorInfo): string {
  return `'${name}' (${dtype ?? 'no tensor'}[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}])`;
}
