import type { OutputValue } from '../../onnx/signature/model-json.ts';
import type { Prediction } from '../../onnx/batch/decode-predictions.ts';

/** The predictions of two models for one row. */
export interface ComparedRow {
  /** The line or row of the file. */
  readonly at: number;
  readonly before: Prediction;
  readonly after: Prediction;
  /** The true value: a class's name, or a number. */
  readonly label?: string | number;
}

export interface Change {
  readonly at: number;
  readonly before: OutputValue | undefined;
  readonly after: OutputValue | undefined;
}

export interface Difference {
  readonly at: number;
  /** Which value: `prediction`, `probabilities.setosa`, `score`, `outputs.y/0/3`. */
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly difference: number;
}

/** How good a model is on labeled rows. */
export interface Quality {
  /** For classes: the share of correct predictions, from 0 to 1. */
  readonly accuracy?: number;
  /** For numbers: the root mean squared error. */
  readonly rmse?: number;
  /** For numbers: the mean absolute error. */
  readonly mae?: number;
}

/** How many changed rows are kept as examples. */
const maxChanges = 5;

/** Collects the differences between two models, row by row. */
export class Comparison {
  rows = 0;
  changed = 0;
  readonly changes: Change[] = [];
  #largest: Difference | undefined;
  readonly #before = new Errors();
  readonly #after = new Errors();
  readonly #tolerance: number;

  /** @param tolerance how far a number may be from the old one, relative to it, and still count as unchanged */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  add({ at, before, after, label }: ComparedRow): void {
    this.rows++;
    if (!this.#isSame(comparedValue(before), comparedValue(after))) {
      this.changed++;
      if (this.changes.length < maxChanges)
        this.changes.push({ at, before: reportedValue(before), after: reportedValue(after) });
    }
    for (const [what, a, b] of numbers(before, after)) {
      const difference = distance(a, b);
      if (this.#largest === undefined || difference > this.#largest.difference)
        this.#largest = { at, what, before: a, after: b, difference };
    }
    if (label === undefined) return;
    this.#before.add(before.prediction, label);
    this.#after.add(after.prediction, label);
  }

  /** The share of changed rows, from 0 to 1. */
  get share(): number {
    return this.rows === 0 ? 0 : this.changed / this.rows;
  }

  /** The largest difference of two numbers. Undefined if none were compared. */
  get largest(): Difference | undefined {
    return this.#largest;
  }

  /** Undefined if no row had a label. */
  get quality(): { readonly before: Quality; readonly after: Quality } | undefined {
    const [before, after] = [this.#before.quality, this.#after.quality];
    return before && after && { before, after };
  }

  #isSame(before: OutputValue | undefined, after: OutputValue | undefined): boolean {
    if (Array.isArray(before) && Array.isArray(after))
      return (
        before.length === after.length &&
        before.every((value: OutputValue, index) => this.#isSame(value, after[index] as OutputValue))
      );
    if (before === after) return true;
    if (typeof before !== 'number' || typeof after !== 'number') return false;
    const difference = distance(before, after);
    return difference === 0 || difference <= this.#tolerance * Math.max(1, Math.abs(before));
  }
}

/** Returns the value that decides whether a row changed: the prediction, whatever its probabilities, or all outputs. */
const comparedValue = ({ prediction, outputs }: Prediction): OutputValue | undefined =>
  prediction ?? Object.values(outputs ?? {});

/** Returns the value to show for a changed row. */
function reportedValue({ prediction, outputs }: Prediction): OutputValue | undefined {
  const [first, ...others] = Object.values(outputs ?? {});
  return prediction ?? (others.length === 0 ? first : [first ?? '', ...others]);
}

/** Yields each number that both predictions have, and which value it is. */
function* numbers(
  before: Prediction,
  after: Prediction,
): Generator<readonly [what: string, before: number, after: number]> {
  if (typeof before.prediction === 'number' && typeof after.prediction === 'number' && before.score === undefined)
    yield ['prediction', before.prediction, after.prediction];
  if (before.score !== undefined && after.score !== undefined) yield ['score', before.score, after.score];
  for (const [name, value] of Object.entries(before.probabilities ?? {}))
    yield [`probabilities.${name}`, value, after.probabilities?.[name] ?? NaN];
  for (const [name, value] of Object.entries(before.scores ?? {}))
    yield [`scores.${name}`, value, after.scores?.[name] ?? NaN];
  for (const [name, value] of Object.entries(before.outputs ?? {}))
    yield* elements(`outputs.${name}`, value, after.outputs?.[name]);
}

function* elements(
  what: string,
  before: OutputValue,
  after: OutputValue | undefined,
): Generator<readonly [what: string, before: number, after: number]> {
  if (Array.isArray(before)) {
    for (const [index, value] of (before as readonly OutputValue[]).entries())
      yield* elements(
        `${what}/${String(index)}`,
        value,
        Array.isArray(after) ? (after[index] as OutputValue) : undefined,
      );
  } else if (
    (typeof before === 'number' || typeof before === 'bigint') &&
    (typeof after === 'number' || typeof after === 'bigint')
  ) {
    yield [what, Number(before), Number(after)];
  }
}

/** NaN is infinitely far from every number, and equals itself. */
function distance(before: number, after: number): number {
  if (Object.is(before, after) || before === after) return 0;
  const difference = Math.abs(after - before);
  return Number.isNaN(difference) ? Infinity : difference;
}

/** Sums up the errors of one model. */
class Errors {
  #rows = 0;
  #correct = 0;
  #squares = 0;
  #absolutes = 0;
  #isNumeric = false;

  add(prediction: Prediction['prediction'], label: string | number): void {
    this.#rows++;
    if (typeof label === 'string') {
      this.#correct += Number(String(prediction) === label);
      return;
    }
    this.#isNumeric = true;
    const error = Number(prediction) - label;
    this.#squares += error ** 2;
    this.#absolutes += Math.abs(error);
  }

  get quality(): Quality | undefined {
    if (this.#rows === 0) return undefined;
    return this.#isNumeric
      ? { rmse: Math.sqrt(this.#squares / this.#rows), mae: this.#absolutes / this.#rows }
      : { accuracy: this.#correct / this.#rows };
  }
}
