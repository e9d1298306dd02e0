import type { TensorSpec } from './tensor-spec.ts';

/**
 * How the rows of a batch share a run:
 * - `together`: along the first dimension of every input and output
 * - `alone`: a run a row, since the first dimension is 1, or an output lacks the rows
 * - `whole`: there is no dimension of rows; what a request brings is one row
 */
export type Batching = 'batched' | 'per-row' | 'unbatched';

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
