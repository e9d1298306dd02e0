import { countsRows, countsSteps, isNameless } from './dimension-names.ts';
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
  const hasSequence = inputs.some(({ sequence }) => sequence);
  if (inputs.length === 0 || hasSequence || !first.every((size) => size === 1 || typeof size === 'string'))
    return 'unbatched';
  const symbols = new Set(first.filter((dimension) => typeof dimension === 'string' && !isNameless(dimension)));
  if (symbols.size > 1 || isSequence(first, inputs, outputs)) return 'unbatched';
  const rows = (dimension: number | string | undefined): boolean =>
    typeof dimension === 'string' &&
    (isNameless(dimension) || symbols.size === 0 || symbols.has(dimension) || !usedElsewhere(dimension, inputs));
  return first.every((dimension) => typeof dimension === 'string') &&
    outputs.every(({ shape, sequence, optional }) => !sequence && !optional && rows(shape[0]))
    ? 'batched'
    : 'per-row';
}

/** Returns whether the names of dimensions show that the first one does not count rows. */
function isSequence(
  first: readonly (number | string | undefined)[],
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
): boolean {
  const dynamic = first.filter((dimension) => typeof dimension === 'string');
  if (dynamic.length === 0 || dynamic.some(countsRows)) return false;
  const inner = inputs.flatMap(({ shape }) => shape.slice(1)).filter((dimension) => typeof dimension === 'string');
  return (
    // Its name says so, or another dimension counts rows.
    dynamic.some(countsSteps) ||
    inner.some(countsRows) ||
    // It is also another dimension: of an input, or only of outputs.
    dynamic.some(
      (symbol) =>
        !isNameless(symbol) &&
        (inner.includes(symbol) ||
          (outputs.some(({ shape }) => shape.slice(1).includes(symbol)) &&
            !outputs.some(({ shape }) => shape[0] === symbol))),
    )
  );
}

/**
 * Returns whether the declared shapes leave open what the first dimension counts, so that only runs show it: nothing
 * but rows has names such as `batch`, and images never follow each other.
 */
export function mayBeSequence(inputs: readonly TensorSpec[], batching: Batching): boolean {
  return (
    batching === 'batched' &&
    inputs.every(({ shape }) => shape.length < 4 && typeof shape[0] === 'string' && !countsRows(shape[0]))
  );
}

/**
 * Returns whether the first dimension of an output counts what a run finds, as that of a detector does: one output has
 * four numbers for the box of each object, another one says what it is. A graph whose inputs have exactly one row has
 * no name for the number of rows, but a name may stand for a size that its export did not know.
 */
export function isRowless(
  { shape: [first] }: TensorSpec,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
): boolean {
  return (
    countsFinds(first) &&
    outputs.length > 1 &&
    outputs.some(({ shape }) => shape.length === 2 && countsFinds(shape[0]) && shape[1] === 4) &&
    inputs.length > 0 &&
    inputs.every(({ shape }) => shape[0] === 1)
  );
}

const countsFinds = (first: number | string | undefined): boolean =>
  typeof first === 'string' &&
  !isNameless(first) &&
  // What tf2onnx calls a dimension of unknown size.
  !first.startsWith('unk__') &&
  !countsRows(first);

/** Returns whether an output may have the rows along its first dimension; its declared rank may be unknown. */
export function mayCarryRows({ shape: [first = 1], sequence, rowless }: TensorSpec, batching: Batching): boolean {
  return !sequence && !rowless && batching !== 'unbatched' && (typeof first === 'string' || first === 1);
}

/**
 * Returns the shapes that an output's value for one row may have: without the dimension of the rows, if it certainly
 * has one; both, if only a run shows that; none, if the graph does not even declare the rank.
 */
export function rowShapes(
  spec: TensorSpec,
  batching: Batching,
  inputs: readonly TensorSpec[],
): readonly TensorSpec['shape'][] {
  const { shape } = spec;
  const [rows, ...rest] = shape;
  if (rows === undefined) return [];
  if (!mayCarryRows(spec, batching)) return [shape];
  const isCertain = rows === 1 || (rows !== '' && inputs.some((input) => input.shape[0] === rows));
  return isCertain ? [rest] : [rest, shape];
}

/** Returns whether a symbol is also another dimension of an input, and so counts something other than rows. */
function usedElsewhere(symbol: string, inputs: readonly TensorSpec[]): boolean {
  return inputs.some(({ shape }) => shape.slice(1).includes(symbol));
}
