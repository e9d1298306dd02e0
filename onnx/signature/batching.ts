import type { TensorSpec } from './tensor-spec.ts';

/**
 * How the rows of a request are run:
 * - `batched`: together, along the first dimension of every input and output
 * - `per-row`: each in its own run, since the first dimension is 1 or an output has no dimension of rows
 * - `unbatched`: the model has no dimension of rows, and a request is a single row
 */
export type Batching = 'batched' | 'per-row' | 'unbatched';

/** Derives the batching from the declared shapes. */
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

/** Returns whether a symbol is also another dimension of an input, and so counts something other than rows. */
function usedElsewhere(symbol: string, inputs: readonly TensorSpec[]): boolean {
  return inputs.some(({ shape }) => shape.slice(1).includes(symbol));
}
