import type { Example } from './model-json.ts';
import type { Signature } from './signature.ts';
import type { Prediction, Row } from './tabular.ts';

/** Under this difference in probability another processor might decide otherwise. */
const clear = 0.05;

interface Candidate {
  readonly row: Row;
  readonly prediction: Prediction;
}

/**
 * Two examples of what the model answers, as different as can be found.
 *
 * @param sets rows to try, the most plausible first; the first set is taken that gives two answers
 * @param predict runs some rows at once
 * @throws whatever `predict` throws for the last row, where it takes none
 */
export async function recordExamples(
  signature: Signature,
  sets: readonly (readonly Row[])[],
  predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>,
): Promise<Example[]> {
  let best: Candidate[] = [];
  for (const rows of sets) {
    const two = choose((await candidates(rows, predict)).filter(({ prediction }) => sendable(prediction)));
    if (two.length > best.length || differ(two)) best = two;
    if (differ(best)) break;
  }
  return best.map(({ row, prediction }) => toExample(signature, row, prediction));
}

/** At once, else row by row: one unknown category makes a whole batch fail. */
async function candidates(rows: readonly Row[], predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>): Promise<Candidate[]> {
  const zip = (some: readonly Row[], predictions: readonly Prediction[]): Candidate[] =>
    some.flatMap((row, index) => (predictions[index] === undefined ? [] : [{ row, prediction: predictions[index] }]));
  try {
    return zip(rows, await predict(rows));
  } catch {
    const found: Candidate[] = [];
    let failure: unknown;
    for (const row of rows) {
      try {
        found.push(...zip([row], await predict([row])));
      } catch (error) {
        failure = error;
      }
    }
    if (found.length === 0) throw failure;
    return found;
  }
}

/** Of a classifier the two classes' surest, of a regressor a low and a high answer that are no extremes. */
function choose(all: readonly Candidate[]): Candidate[] {
  const numbers = all.filter(({ prediction }) => typeof prediction.prediction === 'number').sort((a, b) => Number(a.prediction.prediction) - Number(b.prediction.prediction));
  if (numbers.length > 0) return pick([numbers[Math.floor(numbers.length / 4)], numbers[Math.floor((numbers.length * 3) / 4)]]);
  const sure = all.toSorted((a, b) => margin(b.prediction) - margin(a.prediction));
  const [first] = sure;
  const other = sure.find(({ prediction }) => prediction.prediction !== first?.prediction.prediction && margin(prediction) >= clear);
  return pick([first, other ?? sure[1]]);
}

const pick = (some: readonly (Candidate | undefined)[]): Candidate[] => some.filter((candidate) => candidate !== undefined);

function differ([first, second]: readonly Candidate[]): boolean {
  return first !== undefined && second !== undefined && first.prediction.prediction !== second.prediction.prediction;
}

/** How far the first class is before the second; 1 where the model gives no probabilities. */
function margin({ probabilities }: Prediction): number {
  const [first = 1, second = 0] = Object.values(probabilities ?? {}).sort((a, b) => b - a);
  return first - second;
}

/** JSON has no NaN and no infinities, and a file should not hold them. */
function sendable({ prediction, probabilities }: Prediction): boolean {
  return (typeof prediction === 'string' || Number.isFinite(prediction)) && Object.values(probabilities ?? {}).every((p) => p >= 0 && p <= 1);
}

function toExample({ features }: Signature, row: Row, { prediction, probabilities }: Prediction): Example {
  return {
    input: Object.fromEntries(features.map(({ name }, index) => [name, row[index] ?? 0])),
    prediction: typeof prediction === 'number' ? Number(prediction.toPrecision(7)) : prediction,
    ...(probabilities && { probabilities: Object.fromEntries(Object.entries(probabilities).map(([name, p]) => [name, Number(p.toFixed(6))])) }),
  };
}
