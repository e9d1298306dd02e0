import type { DType, TensorInfo } from '../engine/engine.ts';

/** A tensor that a model takes or gives. A dynamic dimension is its symbol, or '' where it has none. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/**
 * How the rows of a batch share a run:
 * - `together`: along the first dimension of every input and output
 * - `alone`: a run a row, since the first dimension is 1, or an output lacks the rows
 * - `whole`: there is no dimension of rows; what a request brings is one row
 */
export type Batching = 'batched' | 'per-row' | 'unbatched';

/** The model is valid, but is not one that can be served, or `model.json` contradicts it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** @throws SignatureError where an element type is none that the service has */
export function toTensorSpec({ name, dtype, shape }: TensorInfo, what: 'input' | 'output'): TensorSpec {
  if (dtype === undefined) {
    throw new SignatureError(
      `${what} '${name}' is no tensor of numbers, strings or booleans: export the model with a tensor there`,
    );
  }
  return { name, dtype, shape };
}

/** `'image' (float32[N, 3, 8, 8])`. */
export function describeTensor({ name, dtype, shape }: TensorSpec): string {
  return `'${name}' (${formatTensorType(dtype, shape)})`;
}

/** `float32[N, 3, 8, 8]`; of a scalar the dtype alone. */
export function formatTensorType(dtype: DType, shape: readonly (number | string)[]): string {
  return shape.length === 0
    ? dtype
    : `${dtype}[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]`;
}

/** By rule, from the declared shapes alone. */
export function resolveBatching(inputs: readonly TensorSpec[], outputs: readonly TensorSpec[]): Batching {
  const first = inputs.map(({ shape }) => shape[0]);
  if (inputs.length === 0 || !first.every((dimension) => dimension === 1 || typeof dimension === 'string'))
    return 'unbatched';
  const symbols = new Set(first.filter((dimension) => typeof dimension === 'string' && dimension !== ''));
  if (symbols.size > 1) return 'unbatched';
  const rows = (dimension: number | string | undefined): boolean =>
    dimension === '' ||
    (typeof dimension === 'string' &&
      (symbols.size === 0 || symbols.has(dimension) || !usedElsewhere(dimension, inputs)));
  return first.every((dimension) => typeof dimension === 'string') && outputs.every(({ shape }) => rows(shape[0]))
    ? 'batched'
    : 'per-row';
}

/** A symbol of another dimension of an input counts something else than rows. */
function usedElsewhere(symbol: string, inputs: readonly TensorSpec[]): boolean {
  return inputs.some(({ shape }) => shape.slice(1).includes(symbol));
}
