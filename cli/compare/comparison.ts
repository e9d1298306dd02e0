import type { OutputValue } from '../../onnx/signature/model-json.ts';
import type { Prediction } from '../../onnx/batch/predictions.ts';

/** What two models say of one row. */
export interface ComparedRow {
  /** Line or row of the file. */
  readonly at: number;
  readonly before: Prediction;
  readonly after: Prediction;
  /** What is true: a class's name, or a number. */
  readonly label?: string | number;
}

export interface Change {
  readonly at: number;
  readonly before: OutputValue | undefined;
  readonly after: OutputValue | undefined;
}

export interface Difference {
  readonly at: number;
  /** Where: `prediction`, `probabilities.setosa`, `score`, `outputs.y/0/3`. */
  readonly what: string;
  readonly before: number;
  readonly after: number;
  readonly difference: number;
}

/** How well a model does on rows whose truth is known. */
export interface Quality {
  /** Share of right answers, of classes. */
  readonly accuracy?: number;
  /** Root of the mean squared error, and mean absolute error, of numbers. */
  readonly rmse?: number;
  readonly mae?: number;
}

/** Changed rows that are kept as examples. */
const mostChanges = 5;

/** Adds up what is different between two models, row by row. */
export class Comparison {
  rows = 0;
  changed = 0;
  readonly changes: Change[] = [];
  #largest: Difference | undefined;
  readonly #before = new Errors();
  readonly #after = new Errors();
  readonly #tolerance: number;

  /** @param tolerance how far a number may be from the old one, relative to it, and still be the same answer */
  constructor(tolerance: number) {
    this.#tolerance = tolerance;
  }

  add({ at, before, after, label }: ComparedRow): void {
    this.rows++;
    if (!this.#isSame(answerOf(before), answerOf(after))) {
      this.changed++;
      if (this.changes.length < mostChanges) this.changes.push({ at, before: shown(before), after: shown(after) });
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

  /** From 0 to 1. */
  get share(): number {
    return this.rows === 0 ? 0 : this.changed / this.rows;
  }

  /** Undefined where no number was compared. */
  get largest(): Difference | undefined {
    return this.#largest;
  }

  /** Undefined where no row had a label. */
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
    const far = distance(before, after);
    return far === 0 || far <= this.#tolerance * Math.max(1, Math.abs(before));
  }
}

/** What a change is counted by: the prediction, be the probabilities what they may; else all outputs. */
const answerOf = ({ prediction, outputs }: Prediction): OutputValue | undefined =>
  prediction ?? Object.values(outputs ?? {});

function shown(answer: Prediction): OutputValue | undefined {
  const [first, ...others] = Object.values(answer.outputs ?? {});
  return answer.prediction ?? (others.length === 0 ? first : [first ?? '', ...others]);
}

/** Every number that both say, with its place. */
function* numbers(
  before: Prediction,
  after: Prediction,
): Generator<readonly [what: string, before: number, after: number]> {
  if (typeof before.prediction === 'number' && typeof after.prediction === 'number' && before.score === undefined)
    yield ['prediction', before.prediction, after.prediction];
  if (before.score !== undefined && after.score !== undefined) yield ['score', before.score, after.score];
  for (const [name, value] of Object.entries(before.probabilities ?? {}))
    yield [`probabilities.${name}`, value, after.probabilities?.[name] ?? NaN];
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

/** NaN is as far from a number as can be, and no way from itself. */
function distance(before: number, after: number): number {
  if (Object.is(before, after) || before === after) return 0;
  const difference = Math.abs(after - before);
  return Number.isNaN(difference) ? Infinity : difference;
}

class Errors {
  #rows = 0;
  #right = 0;
  #squares = 0;
  #absolutes = 0;
  #isNumeric = false;

  add(prediction: Prediction['prediction'], label: string | number): void {
    this.#rows++;
    if (typeof label === 'string') {
      this.#right += Number(String(prediction) === label);
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
      : { accuracy: this.#right / this.#rows };
  }
}
