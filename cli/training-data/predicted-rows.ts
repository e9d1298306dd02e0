import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
import { isFinitePrediction, recordingBudgetMs } from '../../onnx/batch/record-examples.ts';
import type { DistributionJson } from '../../onnx/signature/distribution.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { reasonOf } from '../failure.ts';
import type { Agreement } from './agreement.ts';
import { NumberDistribution, textDistribution } from './distributions.ts';
import { Sample } from './sample.ts';

/** A row of a training file. */
export interface TrainingRow {
  /** Its line, or its number in a JSON array. */
  readonly at: number;
  readonly row: Row;
  /** The true value, if the file has it. */
  readonly label?: string | number;
}

/** A run that took less time than this is followed by one of twice as many rows. */
const shortRunMs = 100;
const mostRowsOfRun = 1024;

/** Runs the rows of a training file while they are read, several at a time, and for a limited time. */
export class PredictedRows {
  /** How many rows ran. */
  ran = 0;
  /** How many did not. */
  failed = 0;
  /** The first of those. */
  failure: { readonly at: number; readonly reason: string } | undefined;
  /** How many ran, but without a number as result, because values are missing. */
  unanswered = 0;
  /** How many were not run, because the time was over. */
  skipped = 0;
  readonly agreement: Agreement | undefined;
  readonly #signature: Signature;
  readonly #predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>;
  readonly #right = new Sample();
  readonly #others = new Sample();
  readonly #missing = new Set<number>();
  /** How often each class was predicted. */
  readonly #classes = new Map<string, number>();
  readonly #numbers = new NumberDistribution();
  #waiting: TrainingRow[] = [];
  #size = 1;
  #spentMs = 0;

  constructor(
    signature: Signature,
    predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>,
    agreement: Agreement | undefined,
  ) {
    this.#signature = signature;
    this.#predict = predict;
    this.agreement = agreement;
  }

  async add(row: TrainingRow): Promise<void> {
    if (this.#spentMs > recordingBudgetMs) {
      this.skipped++;
      return;
    }
    this.#waiting.push(row);
    if (this.#waiting.length >= this.#size) await this.end();
  }

  /** Runs the rows that wait. */
  async end(): Promise<void> {
    const rows = this.#waiting;
    if (rows.length === 0) return;
    this.#waiting = [];
    const started = performance.now();
    try {
      const predictions = await this.#predict(rows.map(({ row }) => row));
      rows.forEach((row, index) => {
        this.#predicted(row, predictions[index] ?? {});
      });
    } catch (error) {
      if (rows.length > 1) for (const row of rows) await this.#alone(row);
      else this.#failed(rows[0], error);
    }
    const elapsed = performance.now() - started;
    this.#spentMs += elapsed;
    this.#size = elapsed < shortRunMs ? Math.min(2 * this.#size, mostRowsOfRun) : Math.ceil(this.#size / 2);
  }

  /** Whether the model answers although the value of this feature is missing. */
  readonly acceptsMissing = (feature: number): boolean => this.#missing.has(feature);

  /** How the predictions are distributed; undefined unless they are classes or numbers. */
  get distribution(): DistributionJson | undefined {
    const { output } = this.#signature;
    if (output.task === 'classifier') return textDistribution(this.#classes, output.classes);
    return output.task === 'regressor' ? this.#numbers.json : undefined;
  }

  /** Rows to record examples from: if possible, complete ones that are predicted as the file says. */
  get samples(): readonly Row[] {
    return this.#right.rows.length > 1 ? this.#right.rows : [...this.#right.rows, ...this.#others.rows];
  }

  /** One of the rows made the run fail. */
  async #alone(row: TrainingRow): Promise<void> {
    try {
      this.#predicted(row, (await this.#predict([row.row]))[0] ?? {});
    } catch (error) {
      this.#failed(row, error);
    }
  }

  #failed(row: TrainingRow | undefined, error: unknown): void {
    this.failed++;
    this.failure ??= { at: row?.at ?? 0, reason: reasonOf(error) };
  }

  #predicted({ row, label }: TrainingRow, prediction: Prediction): void {
    this.ran++;
    const missing = row.flatMap((cell, index) => (Number.isNaN(cell) ? [index] : []));
    if (missing.length > 0 && !isFinitePrediction(prediction)) {
      this.unanswered++;
      return;
    }
    for (const index of missing) this.#missing.add(index);
    const { prediction: predicted } = prediction;
    if (typeof predicted === 'number') this.#numbers.add(predicted);
    else if (predicted !== undefined) this.#classes.set(predicted, (this.#classes.get(predicted) ?? 0) + 1);
    const isRight = label === undefined || this.agreement === undefined || this.agreement.add(prediction, label);
    const isComplete = row.every((cell) => typeof cell !== 'number' || Number.isFinite(cell));
    const key = this.#signature.output.task === 'classifier' ? String(prediction.prediction) : '';
    if (isComplete) (isRight ? this.#right : this.#others).add(row, key);
    else if (!row.some((cell) => cell === Infinity || cell === -Infinity)) this.#others.add(row, key);
  }
}
