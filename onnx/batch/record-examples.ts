import type { Scalar } from '../signature/dtypes.ts';
import type { Example, FeatureValue, OutputValue } from '../signature/model-json.ts';
import type { Cell, Row } from '../signature/cells.ts';
import { nestArray, type Prediction } from './predictions.ts';
import type { Signature } from '../signature/signature.ts';

/** A row with more elements is an image, or the like: nobody wants it in a text file. */
const mostElements = 2048;
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
    const two = choose((await candidates(rows, predict)).filter(({ row, prediction }) => sendable(row, prediction)));
    if (two.length > best.length || differ(two)) best = two;
    if (differ(best)) break;
  }
  return best.flatMap(({ row, prediction }) => toExample(signature, row, inRange(prediction)) ?? []);
}

/** A support vector machine has scores in place of probabilities, which no model.json may have. */
function inRange(answer: Prediction): Prediction {
  const { probabilities, ...rest } = answer;
  return Object.values(probabilities ?? {}).every((p) => p >= 0 && p <= 1) ? answer : rest;
}

/** At once, else row by row: one unknown category makes a whole batch fail. */
async function candidates(
  rows: readonly Row[],
  predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>,
): Promise<Candidate[]> {
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

/** Of a classifier the two classes' surest, of a regressor a low and a high answer that are no extremes, of tensors any. */
function choose(all: readonly Candidate[]): Candidate[] {
  const numbers = all
    .filter(({ prediction }) => typeof prediction.prediction === 'number' && prediction.score === undefined)
    .sort((a, b) => Number(a.prediction.prediction) - Number(b.prediction.prediction));
  if (numbers.length > 0)
    return pick([numbers[Math.floor(numbers.length / 4)], numbers[Math.floor((numbers.length * 3) / 4)]]);
  const sure = all.toSorted((a, b) => margin(b.prediction) - margin(a.prediction));
  const [first] = sure;
  const other = sure.find((each) => differ([first, each]) && margin(each.prediction) >= clear);
  return pick([first, other ?? sure[1]]);
}

const pick = (some: readonly (Candidate | undefined)[]): Candidate[] =>
  some.filter((candidate) => candidate !== undefined);

function differ([first, second]: readonly (Candidate | undefined)[]): boolean {
  if (first === undefined || second === undefined) return false;
  const [a, b] = [first.prediction, second.prediction];
  return a.prediction !== b.prediction || written(a.outputs) !== written(b.outputs);
}

/** How far the first class is before the second, or an anomaly detector's score from its threshold; else 1. */
function margin({ probabilities, score }: Prediction): number {
  if (score !== undefined) return Math.abs(score);
  const [first = 1, second = 0] = Object.values(probabilities ?? {}).sort((a, b) => b - a);
  return first - second;
}

/** JSON has no NaN and no infinities, and a file should not hold them; nor thousands of numbers a row. */
function sendable(row: Row, answer: Prediction): boolean {
  const { prediction, probabilities, score, outputs } = answer;
  return (
    (typeof prediction !== 'number' || Number.isFinite(prediction)) &&
    (score === undefined || Number.isFinite(score)) &&
    Object.values(probabilities ?? {}).every(Number.isFinite) &&
    Object.values(outputs ?? {}).every(finite) &&
    readable(row, answer)
  );
}

function readable(row: Row, { outputs }: Prediction): boolean {
  const elements = row.reduce((sum: number, cell) => sum + (typeof cell === 'object' ? cell.data.length : 1), 0);
  return elements <= mostElements && written(outputs).length <= mostElements * 16;
}

const finite = (value: OutputValue): boolean =>
  typeof value === 'object' ? value.every(finite) : typeof value !== 'number' || Number.isFinite(value);
const written = (outputs: Prediction['outputs'] = {}): string =>
  JSON.stringify(outputs, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** What a row was answered, as model.json has it; undefined where it is thousands of numbers. */
export function toExample({ features }: Signature, row: Row, answer: Prediction): Example | undefined {
  if (!readable(row, answer)) return undefined;
  const { prediction, probabilities, score, outputs } = answer;
  const numbers = (value: number): number => Number(value.toPrecision(7));
  return {
    input: Object.fromEntries(features.map(({ name }, index) => [name, cellJson(row[index] ?? 0)])),
    ...(prediction !== undefined && { prediction: typeof prediction === 'number' ? numbers(prediction) : prediction }),
    ...(probabilities && {
      probabilities: Object.fromEntries(Object.entries(probabilities).map(([name, p]) => [name, Number(p.toFixed(6))])),
    }),
    ...(score !== undefined && { score: numbers(score) }),
    ...(outputs && {
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, outputJson(value)])),
    }),
  };
}

function cellJson(cell: Cell): FeatureValue {
  return typeof cell === 'object' ? nestArray(cell.data.map(scalarJson), cell.shape) : scalarJson(cell);
}

function outputJson(value: OutputValue): OutputValue {
  if (typeof value === 'object') return value.map(outputJson);
  return typeof value === 'number' ? Number(value.toPrecision(7)) : scalarJson(value);
}

/** A JSON file can hold a 64-bit integer as a number only where a double can. */
function scalarJson(value: Scalar): Scalar {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
