import { outputsCarryRows } from '../../../onnx/batch/decode-predictions.ts';
import { EngineError, type Session } from '../../../onnx/engine/engine.ts';
import { freeTensors } from '../../../onnx/engine/free-memory.ts';
import { ServiceError } from '../../errors.ts';
import { stack } from '../batch.ts';
import { mostOutputBytes, outputBytes, responseTooLarge } from '../request-size.ts';
import type { Tensors } from '../run.ts';
import type { JobPiece } from './job-queue.ts';
import type { Job } from './job.ts';
import type { ModelCounts } from './model-counts.ts';

/** Is told the times of each run, as in `performance.now()`. */
export type RunObserver = (requests: number, rows: number, started: number, ended: number) => void;

/** Runs pieces of jobs together, and gives each job its rows. */
export class PieceRunner {
  readonly #session: Pick<Session, 'run'>;
  readonly #inputs: readonly string[];
  readonly #maxResponseBytes: number;
  readonly #mostOutputBytes: number;
  readonly #counts: ModelCounts;
  readonly #ran: RunObserver;

  /**
   * @param inputs the names of the model's inputs
   * @param counts counts the runs whose outputs became results
   * @param ran is called after each run
   */
  constructor(
    session: Pick<Session, 'run'>,
    inputs: readonly string[],
    maxResponseBytes: number,
    counts: ModelCounts,
    ran: RunObserver,
  ) {
    this.#session = session;
    this.#inputs = inputs;
    this.#maxResponseBytes = maxResponseBytes;
    this.#mostOutputBytes = mostOutputBytes(maxResponseBytes);
    this.#counts = counts;
    this.#ran = ran;
  }

  /**
   * Settles the jobs whose last rows these are. Never rejects.
   *
   * @param taken when the pieces left the queue
   */
  async run(pieces: readonly JobPiece[], taken: number): Promise<void> {
    const [first] = pieces;
    if (first === undefined) return;
    let rows = 0;
    let traced = false;
    for (const { rows: count, job } of pieces) {
      rows += count;
      traced ||= job.options.trace !== undefined;
    }
    let started = taken;
    try {
      const feeds =
        pieces.length === 1 && first.rows === first.job.rows ? first.job.feeds : stack(pieces, this.#inputs);
      started = performance.now();
      const outputs = await this.#session.run(feeds, first.job.fetches);
      const ended = performance.now();
      if (traced) trace(pieces, started, ended, rows, false);
      if (pieces.length > 1) freeTensors(feeds);
      this.#ran(pieces.length, rows, started, ended);
      if (await this.#scatter(pieces, outputs, rows)) this.#counts.ran(pieces, rows, taken, started, ended);
      else await this.#runApart(pieces);
    } catch (error) {
      if (traced) trace(pieces, started, performance.now(), rows, true);
      if (pieces.length === 1 || !concernsRequest(error)) for (const { job } of pieces) job.reject(this.#worded(error));
      // If the process ended, it was most likely because of one of the requests, which then fails alone.
      else await this.#runApart(pieces);
    }
  }

  /** @returns false if the outputs do not have the rows of the inputs, so that nobody can tell whose they are */
  async #scatter(pieces: readonly JobPiece[], outputs: Tensors, rows: number): Promise<boolean> {
    const [first] = pieces;
    if (first === undefined) return true;
    const outputBytesPerRow = outputBytes(outputs) / rows;
    for (const { job } of pieces)
      if (job.rows * outputBytesPerRow > this.#mostOutputBytes) job.reject(responseTooLarge(this.#maxResponseBytes));
    if (pieces.length === 1 && first.rows === first.job.rows) {
      first.job.resolve(outputs, 0, false);
      return true;
    }
    if (!outputsCarryRows(outputs, first.job.fetches, rows)) {
      if (pieces.length > 1) return false;
      await this.#runWhole(first.job);
      return true;
    }
    let at = 0;
    for (const { job, firstRow, rows: count } of pieces) {
      if (count === job.rows) job.resolve(outputs, at, true);
      else if (!job.collect(outputs, at, firstRow, count)) await this.#runWhole(job);
      at += count;
    }
    return true;
  }

  /** Runs each piece alone after they failed together: one bad row must not fail the requests next to it. */
  async #runApart(pieces: readonly JobPiece[]): Promise<void> {
    for (const piece of pieces) if (!piece.job.settled) await this.run([piece], performance.now());
  }

  /** Runs a job in one run, because the outputs of its rows cannot be put together. */
  async #runWhole(job: Job): Promise<void> {
    if (job.settled) return;
    try {
      const outputs = await this.#session.run(job.feeds, job.fetches);
      if (outputBytes(outputs) > this.#mostOutputBytes) job.reject(responseTooLarge(this.#maxResponseBytes));
      else job.resolve(outputs, 0, false);
    } catch (error) {
      job.reject(this.#worded(error));
    }
  }

  /** Outputs that are too large to be sent by a process are as if they had been sent. */
  #worded(error: unknown): unknown {
    return error instanceof EngineError && error.code === 'outputs-too-large'
      ? responseTooLarge(this.#maxResponseBytes)
      : error;
  }
}

/** Tells the requests of a run that are traced. */
function trace(pieces: readonly JobPiece[], from: number, to: number, rows: number, failed: boolean): void {
  for (const { job } of pieces) job.options.trace?.ran(from, to, pieces.length, rows, failed);
}

/** Whether a run may have failed because of what one request contains, so that the others of the run may succeed. */
function concernsRequest(error: unknown): boolean {
  return error instanceof EngineError || (error instanceof ServiceError && error.code === 'model-restarting');
}
