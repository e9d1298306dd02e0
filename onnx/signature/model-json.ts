import { readFile } from 'node:fs/promises';
import { Ajv, type ErrorObject } from 'ajv';
import leven from 'leven';
import type { Scalar } from './dtypes.ts';
import schema from './model.schema.json' with { type: 'json' };

/** A value of one feature in JSON: an element, or nested arrays of them. Integers past 2^53 are bigints, or digits in a string. */
export type FeatureValue = Scalar | readonly FeatureValue[];

/** The value of one output, likewise. */
export type OutputValue = Scalar | readonly OutputValue[];

/** What a model does, and so what it answers; `tensors`: its outputs by name. */
export type TaskName = 'classifier' | 'regressor' | 'anomaly-detector' | 'tensors';

/** What the author of a model says of it: `model.json`, whose schema is `model.schema.json`. Everything is optional. */
export interface ModelJson {
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
  /** By default what the graph's outputs look like. */
  readonly task?: TaskName;
  /** One a column of the inputs that are tables; or one an input. */
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
  /** A class's name; a regressor's number; -1 or 1 of an anomaly detector. */
  readonly prediction?: string | number;
  readonly probabilities?: Readonly<Record<string, number>>;
  /** Of an anomaly detector. */
  readonly score?: number;
  /** Of a model that gives tensors: by the output's name. */
  readonly outputs?: Readonly<Record<string, OutputValue>>;
}

export class ModelJsonError extends Error {
  override readonly name = 'ModelJsonError';
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true, verbose: true }).compile<ModelJson>(schema);

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
    const problems = (validate.errors ?? []).map(problem);
    throw new ModelJsonError(
      `${path} does not fit its schema, onnx/signature/model.schema.json: ${problems.join('; ')}`,
    );
  }
  return parsed;
}

function problem({ instancePath, message = 'is wrong', params, parentSchema }: ErrorObject): string {
  const unknown: unknown = params['additionalProperty'];
  const place = instancePath || '(top level)';
  if (typeof unknown !== 'string')
    return `${place} ${message}${Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : ''}`;
  const known = Object.keys((parentSchema?.['properties'] as Record<string, unknown> | undefined) ?? {});
  const near = closestName(unknown, known);
  return `${place} ${message}: ${unknown}${near === undefined ? '' : ` (did you mean "${near}"?)`}`;
}

/** The name that was probably meant, of those that there are; undefined where none is like it. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  // The distance costs the product of the lengths, and what came may be a megabyte.
  if (name.length > 200) return undefined;
  const [best] = known
    .map((each) => ({ each, distance: leven(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.round(Math.max(name.length, best.each.length) * 0.4)
    ? best.each
    : undefined;
}
