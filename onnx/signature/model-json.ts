import type { ErrorObject } from 'ajv';
import { readText, UnreadableFileError } from '../regular-file.ts';
import { closestName } from './closest-name.ts';
import type { DecodeJson } from './decode.ts';
import type { DistributionJson } from './distribution.ts';
import type { Scalar } from './dtypes.ts';
import { validate } from './model-json-validator.ts';

/**
 * The value of one feature in JSON: an element, or nested arrays of elements. Integers beyond 2^53 are bigints, or
 * digits in a string. If the feature is nullable, null is a missing value.
 */
export type FeatureValue = Scalar | null | readonly FeatureValue[];

/** The value of one output, in the same form, but never null. */
export type OutputValue = Scalar | readonly OutputValue[];

/** What a model does, which determines the form of its predictions; `tensors` returns its outputs by name. */
export type TaskName = 'classifier' | 'regressor' | 'anomaly-detector' | 'tensors';

/** The content of `model.json`, in which the author describes a model. Its schema is `model.schema.json`. */
export interface ModelJson {
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  /** @default derived from the graph's outputs */
  readonly task?: TaskName;
  /** One per column of the inputs that are tables, or one per input. */
  readonly features?: readonly FeatureJson[];
  readonly classes?: readonly string[];
  /** What the outputs mean, by name. @default derived from the graph */
  readonly outputs?: Readonly<Record<string, OutputJson>>;
  /** How the predictions for the training data were distributed, for the drift metrics. */
  readonly distribution?: DistributionJson;
  readonly metrics?: Readonly<Record<string, { readonly value: number; readonly data: string }>>;
  readonly examples?: readonly Example[];
  /**
   * Whether the service is not ready unless the model reproduces its examples, so that it needs some.
   * @default false: without examples, readiness only needs the model to load
   */
  readonly requireVerification?: boolean;
  /** How requests are run, if it should differ from the service's settings. */
  readonly serving?: ServingJson;
}

/** How requests of a model are run. */
export interface ServingJson {
  /** The most rows of one run; 1 turns batching off. @default measured */
  readonly maxBatch?: number;
  /** How long a request may wait for others to share its run, in milliseconds. @default 0 */
  readonly maxDelayMs?: number;
  /** The most rows that may wait. @default derived from the time of a run */
  readonly maxQueue?: number;
  /** Where the model runs. @default measured */
  readonly placement?: 'auto' | 'event-loop' | 'process';
}

/** A feature in `model.json`. */
export interface FeatureJson {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  /** The lowest and the highest value that the model is meant for, in `unit`. */
  readonly range?: readonly [number, number];
  /** The texts that the model knows, such as the categories of an encoder. Only a feature of strings has choices. */
  readonly choices?: readonly string[];
  /** Whether null is a missing value, which the model gets as NaN. Only floats can be missing. @default false */
  readonly nullable?: boolean;
  /** How the values were distributed in the training data, for the drift metrics. */
  readonly distribution?: DistributionJson;
  /** How the value in a request becomes the tensor of the input. @default the request has the tensor's values */
  readonly decode?: DecodeJson;
}

/** What an output means, in `model.json`. */
export interface OutputJson {
  /** It has a number for each class, which `classes` names. */
  readonly classes?: ClassesJson;
  /** It is a vector for each row, or for each token of a text, of which an embedding is made. */
  readonly embedding?: EmbeddingJson;
}

/** How the numbers of the classes become a prediction. */
export interface ClassesJson {
  /** Whether the numbers are logits, of which the softmax gives the probabilities. @default false */
  readonly softmax?: boolean;
  /** How many classes a response lists, the most probable first. @default all, in the order of `classes` */
  readonly top?: number;
}

/** How an output becomes an embedding. */
export interface EmbeddingJson {
  /** What becomes of the vectors of the tokens: their mean, or the first one. @default mean */
  readonly pool?: 'mean' | 'cls';
  /** Whether the embedding is scaled to the length 1. @default true */
  readonly normalize?: boolean;
  /** The digits after the point. @default not rounded */
  readonly decimals?: number;
}

/** An input with its expected prediction. */
export interface Example {
  readonly input: Readonly<Record<string, FeatureValue>>;
  /** The name of the class; a regressor's number; -1 or 1 from an anomaly detector. */
  readonly prediction?: string | number;
  readonly probabilities?: Readonly<Record<string, number>>;
  /** In place of probabilities, from a classifier whose numbers are not a distribution. */
  readonly scores?: Readonly<Record<string, number>>;
  /** The score from an anomaly detector. */
  readonly score?: number;
  /** The outputs by name, for the task `tensors`. */
  readonly outputs?: Readonly<Record<string, OutputValue>>;
}

/** `model.json` cannot be read, or does not match its schema. The message names the file and every problem. */
export class ModelJsonError extends Error {
  override readonly name = 'ModelJsonError';
}

/** Examples of images or texts are large, but not as large as this. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * Reads `model.json`; a missing file counts as an empty one.
 *
 * @throws {ModelJsonError} if it cannot be read or does not match its schema; names every problem
 */
export async function readModelJson(path: string): Promise<ModelJson> {
  const text = await readText(path, MOST_BYTES).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '{}';
    const reason = cause instanceof UnreadableFileError ? cause.message : String(cause);
    throw new ModelJsonError(`${path} cannot be read: ${reason}`, { cause });
  });
  return parseModelJson(text, path);
}

/**
 * Parses the content of a `model.json`.
 *
 * @param path the file, for the error
 * @throws {ModelJsonError} if it does not match its schema; names every problem
 */
export function parseModelJson(text: string, path: string): ModelJson {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ModelJsonError(`${path} is not JSON: ${String(cause)}`, { cause });
  }
  if (!validate(parsed)) {
    const problems = (validate.errors ?? []).map(describeProblem);
    throw new ModelJsonError(
      `${path} does not match its schema, onnx/signature/model.schema.json: ${problems.join('; ')}`,
    );
  }
  return parsed as ModelJson;
}

function describeProblem({ instancePath, message = 'is wrong', params, parentSchema }: ErrorObject): string {
  const unknown: unknown = params['additionalProperty'];
  const place = instancePath || '(top level)';
  if (typeof unknown !== 'string') {
    const allowed: unknown = params['allowedValues'];
    return `${place} ${message}${Array.isArray(allowed) ? `: ${allowed.join(', ')}` : ''}`;
  }
  const known = Object.keys((parentSchema?.['properties'] as Record<string, unknown> | undefined) ?? {});
  const near = closestName(unknown, known);
  return `${place} ${message}: ${unknown}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
}
