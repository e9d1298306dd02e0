import type { Row } from '../signature/cells.ts';
import type { Scalar } from '../signature/dtypes.ts';
import type { Prediction } from './decode-predictions.ts';

/** A sum of probabilities that are float16 may differ from 1 so much. */
const TOLERANCE = 0.01;
/** Values far from all others: probabilities remain between 0 and 1 there, and scores do not. */
const FAR = 1000;
/** Loading a slow model does not take longer than this because of its scores. */
const BUDGET_MS = 1000;

/**
 * Returns whether a classifier's numbers of the classes are scores: for a row, they are not a distribution. A support
 * vector machine that was not trained for probabilities has the distances from its planes in their place.
 *
 * @param rows the rows to try
 * @param isPart whether predictions have only the most probable classes
 */
export async function givesScores(
  rows: readonly Row[],
  predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>,
  isPart = false,
): Promise<boolean> {
  const deadline = performance.now() + BUDGET_MS;
  for (const row of [...rows, ...rows.slice(0, 1).flatMap((row) => [scaled(row, FAR), scaled(row, -FAR)])]) {
    // A row that does not run, such as one with an unknown category, shows nothing.
    const [prediction] = await predict([row]).catch(() => []);
    const values = Object.values(prediction?.probabilities ?? {});
    if (values.length > 0 && values.every(Number.isFinite) && !isDistribution(values, isPart)) return true;
    if (performance.now() > deadline) return false;
  }
  return false;
}

function isDistribution(values: readonly number[], isPart: boolean): boolean {
  const sum = values.reduce((total, value) => total + value, 0);
  const fits = isPart ? sum <= 1 + TOLERANCE : Math.abs(sum - 1) <= TOLERANCE;
  return fits && values.every((value) => value >= -TOLERANCE && value <= 1 + TOLERANCE);
}

function scaled(row: Row, factor: number): Row {
  // Integers may be categories.
  const scale = (value: Scalar): Scalar =>
    typeof value === 'number' && !Number.isInteger(value) ? value * factor : value;
  return row.map((cell) => {
    if (cell === null) return null;
    return typeof cell === 'object' ? { ...cell, data: Array.from(cell.data, scale) } : scale(cell);
  });
}
