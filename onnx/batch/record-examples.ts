import type { Cell, Row } from '../signature/cells.ts';
import type { Scalar } from '../signature/dtypes.ts';
import type { Example, FeatureValue, OutputValue } from '../signature/model-json.ts';
import type { Signature } from '../signature/signature.ts';
import { nestArray, type Prediction } from './decode-predictions.ts';
import type { TrialOptions } from './trial.ts';

/** A row with more elements, such as an image, is too large for a text file. */
const mostElements = 2048;
/** With a smaller difference in probability, another processor might predict another class. */
const clear = 0.05;

/** Whoever adds a model waits at most this long for its examples. */
export const recordingBudgetMs = 10_000;

interface Candidate {
  readonly row: Row;
  readonly prediction: Prediction;
}

/**
 * Records two examples of the model's predictions, as different as possible.
 *
 * @param sets rows to try, the most plausible first; uses the first set that leads to two different predictions
 * @param predict runs a row
 * @throws whatever `predict` throws for the last row, if it accepts none
 */
export async function recordExamples(
  signature: Signature,
  sets: Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>,
  predict: (row: Row) => Promise<Prediction | undefined>,
  { budgetMs = recordingBudgetMs, now = () => performance.now() }: TrialOptions = {},
): Promise<Example[]> {
  const deadline = now() + budgetMs;
  let best: Candidate[] = [];
  let accepted = false;
  let failure: unknown;
  for await (const rows of sets) {
    const found: Candidate[] = [];
    for (const row of rows) {
      // It could not be written anyway, and a run on an image may take a second.
      if (elements(row) > mostElements) continue;
      if (now() > deadline) break;
      try {
        const prediction = await predict(row);
        accepted = true;
        if (prediction !== undefined && sendable(row, prediction)) found.push({ row, prediction });
      } catch (error) {
        failure = error;
      }
    }
    const two = choose(found);
    if (two.length > best.length || differ(two)) best = two;
    if (differ(best) || now() > deadline) break;
  }
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- what `predict` threw
  if (!accepted && failure !== undefined) throw failure;
  return best.flatMap(({ row, prediction }) => toExample(signature, row, prediction) ?? []);
}

/**
 * Chooses two candidates: the surest predictions of two classes for a classifier, a low and a high but not extreme one
 * for a regressor, and any two for tensors.
 */
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

/**
 * Returns how far the first class is ahead of the second, or how far an anomaly detector's score is from its threshold;
 * 1 for other models.
 */
function margin({ probabilities, scores, score }: Prediction): number {
  if (score !== undefined) return Math.abs(score);
  const [first = 1, second = 0] = Object.values(probabilities ?? scores ?? {}).sort((a, b) => b - a);
  return first - second;
}

/** Returns whether a prediction suits a JSON file: no NaN, no infinities, and not thousands of numbers. */
function sendable(row: Row, result: Prediction): boolean {
  return isFinitePrediction(result) && readable(row, result);
}

/** Returns whether all numbers of a prediction are finite. */
export function isFinitePrediction({ prediction, probabilities, scores, score, outputs }: Prediction): boolean {
  return (
    (typeof prediction !== 'number' || Number.isFinite(prediction)) &&
    (score === undefined || Number.isFinite(score)) &&
    Object.values(probabilities ?? scores ?? {}).every(Number.isFinite) &&
    Object.values(outputs ?? {}).every(finite)
  );
}

function readable(row: Row, { outputs }: Prediction): boolean {
  return elements(row) <= mostElements && written(outputs).length <= mostElements * 16;
}

const elements = (row: Row): number =>
  row.reduce((sum: number, cell) => sum + (typeof cell === 'object' ? (cell?.data.length ?? 0) : 1), 0);
const finite = (value: OutputValue): boolean =>
  typeof value === 'object' ? value.every(finite) : typeof value !== 'number' || Number.isFinite(value);
const written = (outputs: Prediction['outputs'] = {}): string =>
  JSON.stringify(outputs, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));

/** Converts a row and its prediction to an example for model.json; undefined if it has thousands of numbers. */
export function toExample({ features }: Signature, row: Row, result: Prediction): Example | undefined {
  // What is decoded was generated as a tensor, which no request can have.
  if (!readable(row, result) || features.some(({ decode }, index) => decode && typeof row[index] === 'object'))
    return undefined;
  const { prediction, probabilities, scores, score, outputs } = result;
  const numbers = (value: number): number => Number(value.toPrecision(7));
  return {
    input: Object.fromEntries(features.map(({ name }, index) => [name, cellJson(row[index] ?? 0)])),
    ...(prediction !== undefined && { prediction: typeof prediction === 'number' ? numbers(prediction) : prediction }),
    ...(probabilities && {
      probabilities: Object.fromEntries(
        Object.entries(probabilities).map(([name, p]) => [name, Math.min(Math.max(Number(p.toFixed(6)), 0), 1)]),
      ),
    }),
    ...(scores && {
      scores: Object.fromEntries(Object.entries(scores).map(([name, each]) => [name, numbers(each)])),
    }),
    ...(score !== undefined && { score: numbers(score) }),
    ...(outputs && {
      outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, outputJson(value)])),
    }),
  };
}

function cellJson(cell: NonNullable<Cell>): FeatureValue {
  return typeof cell === 'object' ? nestArray(Array.from(cell.data, scalarJson), cell.shape) : scalarJson(cell);
}

function outputJson(value: OutputValue): OutputValue {
  if (typeof value === 'object') return value.map(outputJson);
  return typeof value === 'number' ? Number(value.toPrecision(7)) : scalarJson(value);
}

/** Writes a 64-bit integer as a number only if a double can hold it. */
function scalarJson(value: Scalar): Scalar {
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
