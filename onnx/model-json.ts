import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import schema from './model.schema.json' with { type: 'json' };

/** A value of one feature in JSON. */
export type FeatureValue = number | string | boolean;

/** What the author of a model says of it: `model.json`, whose schema is `model.schema.json`. Everything is optional. */
export interface ModelJson {
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  readonly features?: readonly FeatureJson[];
  readonly classes?: readonly string[];
  readonly metrics?: Readonly<Record<string, { readonly value: number; readonly data: string }>>;
  readonly examples?: readonly Example[];
}

export interface FeatureJson {
  readonly name: string;
  readonly description?: string;
  readonly unit?: string;
  /** Lowest and highest value that the model was made for, in `unit`. */
  readonly range?: readonly [number, number];
}

/** An input with the answer expected of it. */
export interface Example {
  readonly input: Readonly<Record<string, FeatureValue>>;
  /** A class's name, or a regressor's number. */
  readonly prediction: string | number;
  readonly probabilities?: Readonly<Record<string, number>>;
}

export class ModelJsonError extends Error {
  override readonly name = 'ModelJsonError';
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<ModelJson>(schema);

/** Reads `model.json`; a missing file is an empty one. @throws ModelJsonError naming every problem in it. */
export async function readModelJson(path: string): Promise<ModelJson> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '{}';
    throw new ModelJsonError(`${path} cannot be read: ${String(cause)}`, { cause });
  });
  return parseModelJson(text, path);
}

export function parseModelJson(text: string, path: string): ModelJson {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new ModelJsonError(`${path} is not JSON: ${String(cause)}`, { cause });
  }
  if (!validate(parsed)) {
    const problems = (validate.errors ?? []).map((error) => {
      const unknown: unknown = error.params['additionalProperty'];
      return `${error.instancePath || '(top level)'} ${error.message ?? 'is wrong'}${typeof unknown === 'string' ? `: ${unknown}` : ''}`;
    });
    throw new ModelJsonError(`${path} does not fit its schema, onnx/model.schema.json: ${problems.join('; ')}`);
  }
  return parsed;
}
