import { countsRows, countsSteps, isNameless } from '../signature/dimension-names.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';

/** The shape of one row's value of each feature; [] is a scalar. */
export type RowShapes = readonly (readonly number[])[];

/**
 * The lengths of dynamic dimensions to try, in this order: tokens and small images come first, then the usual sizes of
 * images, and the samples of a second of speech. Four is first because it shows that a value is a sequence.
 */
export const lengths = [4, 1, 16, 32, 64, 224, 320, 512, 640, 1024, 16_000] as const;

/** A generated row with more elements would take seconds, and memory that the process may not have. */
const MOST_ROW_ELEMENTS = 2 ** 21;

/** Returns the number of elements of a value. */
export const elementsOf = (shape: readonly number[]): number =>
  shape.reduce((product, dimension) => product * dimension, 1);

/**
 * Generates shapes that a row may have, the most plausible first: each length for all dynamic dimensions but those that
 * count rows, for all, and for the last dimensions alone. There is none for a model whose rows are very large.
 */
export function* plausibleShapes(signature: Signature): Generator<RowShapes, void> {
  const { features } = signature;
  const rows = rowSymbols(signature);
  const isDynamic = (dimension: number | string): boolean => typeof dimension === 'string';
  // If only the first dimensions are dynamic, they count the steps of a sequence.
  const first =
    signature.batching === 'unbatched' && features.some((feature) => shapeOf(feature).slice(1).some(isDynamic));
  const isRows = (symbol: string, axis: number): boolean =>
    countsRows(symbol) || (!countsSteps(symbol) && (rows.has(symbol) || (axis === 0 && first)));
  const seen = new Set<string>();
  for (const length of lengths) {
    const kinds: ((symbol: string, axis: number, rank: number) => number)[] = [
      (symbol, axis) => (isRows(symbol, axis) ? 1 : length),
      () => length,
      (_, axis, rank) => (axis === rank - 1 ? length : 1),
    ];
    for (const lengthOf of kinds) {
      const shapes = features.map((feature) =>
        shapeOf(feature).map((dimension, axis, { length: rank }) =>
          typeof dimension === 'number' ? dimension : lengthOf(dimension, axis, rank),
        ),
      );
      const key = JSON.stringify(shapes);
      if (seen.has(key)) continue;
      seen.add(key);
      if (shapes.reduce((sum, shape) => sum + elementsOf(shape), 0) <= MOST_ROW_ELEMENTS) yield shapes;
    }
  }
}

/** A sequence whose tensors may have any number of dimensions can have one. */
const shapeOf = ({ shape, sequence }: Feature): Feature['shape'] => (sequence && shape.length === 0 ? ['', ''] : shape);

/** Returns the names of the first dimensions of the inputs, which also count rows where they are other dimensions. */
function rowSymbols({ inputs, batching }: Signature): ReadonlySet<string> {
  if (batching === 'unbatched') return new Set();
  const symbols = inputs.flatMap(({ shape: [first] }) => (typeof first === 'string' ? [first] : []));
  return new Set(symbols.filter((symbol) => !isNameless(symbol)));
}
