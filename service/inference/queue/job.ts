import { RowCollector } from '../batch.ts';
import type { RunOptions, RunResult, Tensors } from '../run.ts';

/** One request that waits for its model or is running. */
export class Job {
  readonly feeds: Tensors;
  readonly fetches: readonly string[];
  readonly options: RunOptions;
  /** The number of rows; 1 for a request that cannot be divided. */
  readonly rows: number;
  readonly bytes: number;
  /** Whether its rows may be run with those of others, or in several runs. */
  readonly divisible: boolean;
  readonly arrived: number;
  /** The next job in the queue. */
  next: Job | undefined;
  /** Its place in line: the queue serves the lowest number first. */
  turn = 0;
  /** How many of its rows have been given to runs. */
  taken = 0;
  /** Whether it has its result, or failed. */
  settled = false;
  readonly promise: Promise<RunResult>;
  #collector: RowCollector | undefined;
  #resolve!: (result: RunResult) => void;
  #reject!: (error: unknown) => void;

  constructor(
    feeds: Tensors,
    fetches: readonly string[],
    options: RunOptions,
    { rows, bytes, divisible, arrived }: Pick<Job, 'rows' | 'bytes' | 'divisible' | 'arrived'>,
  ) {
    this.feeds = feeds;
    this.fetches = fetches;
    this.options = options;
    this.rows = rows;
    this.bytes = bytes;
    this.divisible = divisible;
    this.arrived = arrived;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether nobody waits for the result anymore. */
  expired(now: number): boolean {
    return now >= this.options.deadline;
  }

  abandoned(): boolean {
    return this.options.abandoned?.() === true;
  }

  /** Completes a job whose rows all were in one run. */
  resolve(outputs: Tensors, firstRow: number, shared: boolean): void {
    if (this.settled) return;
    this.settled = true;
    this.#resolve({ outputs, firstRow, rows: this.rows, shared });
  }

  /**
   * Adds the outputs for some of the rows, and completes the job with the last of them.
   *
   * @param firstRow where the rows start in the outputs
   * @param at where they belong in the request
   * @returns false if these outputs do not fit those of the other rows, so that they cannot become one result
   */
  collect(outputs: Tensors, firstRow: number, at: number, rows: number): boolean {
    if (this.settled) return true;
    this.#collector ??= new RowCollector(this.rows);
    if (!this.#collector.add(outputs, firstRow, at, rows)) return false;
    if (this.#collector.complete) this.resolve(this.#collector.outputs, 0, false);
    return true;
  }

  reject(error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.#reject(error);
  }
}
