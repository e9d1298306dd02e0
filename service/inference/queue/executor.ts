import { outputsCarryRows } from '../../../onnx/batch/decode-predictions.ts';
import { EngineError, type Session } from '../../../onnx/engine/engine.ts';
import { freeTensors } from '../../../onnx/engine/free-memory.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { ServiceError } from '../../errors.ts';
import { exceededLimit, overloaded, type QueueLimit, type QueueLimits } from './admission.ts';
import { stack } from '../batch.ts';
import { Sweep } from './deadlines.ts';
import { JobQueue, type JobPiece } from './job-queue.ts';
import { Demand } from './demand.ts';
import { Pace } from './pace.ts';
import {
  byteLength,
  leastRowBytes,
  mostOutputBytes,
  outputBytes,
  responseTooLarge,
  tooManyRows,
} from '../request-size.ts';
import { Job } from './job.ts';
import type { RunOptions, RunResult, Tensors } from '../run.ts';
import type { ServingPlan } from './serving-plan.ts';

/** Why a request was not run: the queue is full, its deadline passed while it waited, or its client left. */
export type RefusalReason = QueueLimit | 'expired' | 'abandoned';

/** Is told what an executor does, such as for metrics. */
export interface ExecutorObserver {
  /** A run ended. */
  ran(rows: number, seconds: number): void;
  /** A request has left the queue for its first run. */
  waited(seconds: number): void;
  refused(reason: RefusalReason): void;
}

/** The observers of all models. */
export interface ExecutorObservers {
  /** @param model the model's name; its versions have the same observer */
  of(model: string): ExecutorObserver;
  /** Shows the length of a model's queue, and how often its process was started again. */
  watch(model: string, rows: () => number, restarts: () => number): void;
}

/** How late a request may notice that its deadline has passed, or that its client has left. */
const SWEEP_MS = 50;
/** Looking through a full queue for each request would take longer than refusing it. */
const LEAST_DROP_INTERVAL_MS = 5;

const nobody: ExecutorObserver = { ran: () => undefined, waited: () => undefined, refused: () => undefined };

/**
 * Runs one model for all of its requests, whatever protocol they come by. Requests wait in a bounded queue. Each run
 * takes the rows that are waiting when the run before has ended, so that a busy model gets large batches, and an idle
 * one adds no delay.
 */
export class Executor {
  readonly #signature: Pick<Signature, 'name' | 'inputs' | 'outputs' | 'batching'>;
  readonly #session: Pick<Session, 'run'>;
  readonly plan: ServingPlan;
  readonly #observer: ExecutorObserver;
  readonly #inputs: readonly string[];
  readonly #mostOutputBytes: number;
  /** So many rows fit into a response, as far as the outputs are declared. */
  readonly #rowsOfAllOutputs: number;
  readonly #queue: JobQueue;
  readonly #pace: Pace;
  readonly #demand = new Demand();
  readonly #sweep: Sweep;
  /** Under overload, most refusals are for the same reason. Creating an error takes longer than finding one. */
  readonly #refusals = new WeakMap<QueueLimits, ServiceError>();
  #running: readonly JobPiece[] = [];
  #scheduled: NodeJS.Immediate | NodeJS.Timeout | undefined;
  #droppedAt = 0;
  #delayed = false;
  #closed = false;
  #onIdle: (() => void) | undefined;

  constructor(
    signature: Pick<Signature, 'name' | 'inputs' | 'outputs' | 'batching'>,
    session: Pick<Session, 'run'>,
    plan: ServingPlan,
    observer: ExecutorObserver = nobody,
  ) {
    this.#signature = signature;
    this.#session = session;
    this.plan = plan;
    this.#observer = observer;
    this.#inputs = signature.inputs.map(({ name }) => name);
    this.#mostOutputBytes = mostOutputBytes(plan.maxResponseBytes);
    this.#rowsOfAllOutputs = this.#mostOutputBytes / rowBytes(signature.outputs);
    this.#queue = new JobQueue(this.#inputs);
    this.#pace = new Pace(plan.costs);
    this.#sweep = new Sweep(SWEEP_MS, () => this.#dropDead());
  }

  /** The rows that wait for a run. */
  get queuedRows(): number {
    return this.#queue.rows;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /**
   * Checks that the queue has room for another request. Call it before decoding the body, so that a refusal costs
   * nothing.
   *
   * @throws {ServiceError} `overloaded` if it has no room for that many more bytes
   */
  admit(bytes: number): void {
    const refusal = this.#refusal(1, bytes, Infinity);
    if (refusal !== undefined) throw refusal;
  }

  /**
   * Runs the model for one request.
   *
   * @throws {ServiceError} `body-too-large`, `overloaded`, `timeout`, `model-restarting` or `shutting-down`
   * @throws {EngineError} if the runtime refuses this request
   */
  run(feeds: Tensors, fetches: readonly string[], options: RunOptions): Promise<RunResult> {
    if (this.#closed) return Promise.reject(new ServiceError('shutting-down', 'The server is shutting down.'));
    const rows = this.#rowsOf(feeds);
    const unfit = this.#unfit(rows, fetches);
    if (unfit !== undefined) return Promise.reject(unfit);
    const bytes = byteLength(feeds, this.#inputs);
    const arrived = performance.now();
    if (options.continued !== true) {
      const refusal = this.#refusal(rows, bytes, options.deadline - arrived);
      if (refusal !== undefined) return Promise.reject(refusal);
      this.#demand.accepted(arrived);
    }
    const divisible = this.plan.stackRows && this.#sameRows(feeds, rows);
    const job = new Job(feeds, fetches, options, { rows, bytes, divisible, arrived });
    this.#queue.push(job);
    this.#sweep.start();
    this.#schedule(this.plan.maxDelayMs);
    return job.promise;
  }

  /** Answers everything that is accepted, then resolves. Accepts nothing more. */
  close(): Promise<void> {
    this.#closed = true;
    if (this.#idle) return Promise.resolve();
    this.#schedule(0);
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  get #idle(): boolean {
    return this.#running.length === 0 && this.#queue.jobs === 0;
  }

  /** @param milliseconds until the request's deadline */
  #refusal(rows: number, bytes: number, milliseconds: number): ServiceError | undefined {
    if (this.#queue.jobs === 0) return undefined;
    const { queue, overloadQueue } = this.plan;
    // Usually even the shorter queue has room, and the time does not matter.
    if (exceededLimit(this.#queue, this.#pace.limitsWithin(milliseconds, overloadQueue), rows, bytes) === undefined)
      return undefined;
    const now = performance.now();
    const limits = this.#pace.limitsWithin(milliseconds, this.#demand.isOverload(now) ? overloadQueue : queue);
    if (exceededLimit(this.#queue, limits, rows, bytes) === undefined) return undefined;
    // What nobody waits for must not take the place of a new request: many clients may have left at once.
    if (now - this.#droppedAt > LEAST_DROP_INTERVAL_MS) this.#dropDead();
    const limit = exceededLimit(this.#queue, limits, rows, bytes);
    if (limit === undefined) return undefined;
    this.#demand.refused(now);
    this.#observer.refused(limit);
    let error = this.#refusals.get(limits);
    if (error === undefined) this.#refusals.set(limits, (error = overloaded(this.#signature.name, limits)));
    return error;
  }

  /** Returns why a request cannot be run at all; undefined if it can. */
  #unfit(rows: number, fetches: readonly string[]): ServiceError | undefined {
    if (rows === 0) return new ServiceError('invalid-input', 'The request has no rows. Send at least one row.');
    if (rows > this.plan.rowLimit.rows) return tooManyRows(this.#signature.name, rows, this.plan.rowLimit);
    if (rows <= this.#rowsOfAllOutputs) return undefined;
    const requested = this.#signature.outputs.filter(({ name }) => fetches.includes(name));
    return rows * rowBytes(requested) > this.#mostOutputBytes ? this.#tooLarge() : undefined;
  }

  #tooLarge(): ServiceError {
    return responseTooLarge(this.plan.maxResponseBytes);
  }

  #rowsOf(feeds: Tensors): number {
    if (this.#signature.batching !== 'batched') return 1;
    let rows = 0;
    for (const name of this.#inputs) rows = Math.max(rows, feeds[name]?.shape[0] ?? 1);
    return rows;
  }

  /** Inputs may differ in their first dimension, whatever its name is. The runtime decides what that means. */
  #sameRows(feeds: Tensors, rows: number): boolean {
    for (const name of this.#inputs) if (feeds[name]?.shape[0] !== rows) return false;
    return true;
  }

  /**
   * Schedules a run at the end of this turn of the event loop, with everything that arrives until then.
   *
   * @param delayMs how long to wait for more rows if they do not fill the run
   */
  #schedule(delayMs: number): void {
    if (this.#running.length > 0) return;
    const delayed = delayMs > 0 && this.#queue.rows < this.plan.maxBatch;
    if (this.#scheduled !== undefined) {
      if (delayed || !this.#delayed) return;
      clearTimeout(this.#scheduled as NodeJS.Timeout);
    }
    this.#delayed = delayed;
    this.#scheduled = delayed ? setTimeout(this.#start, delayMs) : setImmediate(this.#start);
  }

  readonly #start = (): void => {
    this.#scheduled = undefined;
    const now = performance.now();
    const pieces = this.#queue.take(this.plan.maxBatch, (job) => this.#drop(job, now));
    if (pieces.length > 0) {
      for (const { job, firstRow } of pieces) if (firstRow === 0) this.#observer.waited((now - job.arrived) / 1000);
      this.#running = pieces;
      void this.#run(pieces).then(this.#next);
    } else this.#next();
  };

  readonly #next = (): void => {
    this.#running = [];
    if (this.#queue.jobs > 0) this.#schedule(0);
    else this.#onIdle?.();
  };

  /** Runs pieces together, and gives each job its rows. Never rejects. */
  async #run(pieces: readonly JobPiece[]): Promise<void> {
    const [first] = pieces;
    if (first === undefined) return;
    let rows = 0;
    for (const piece of pieces) rows += piece.rows;
    try {
      const feeds =
        pieces.length === 1 && first.rows === first.job.rows ? first.job.feeds : stack(pieces, this.#inputs);
      const started = performance.now();
      const outputs = await this.#session.run(feeds, first.job.fetches);
      const ended = performance.now();
      if (pieces.length > 1) freeTensors(feeds);
      const milliseconds = ended - started;
      this.#pace.ran(rows, milliseconds);
      this.#demand.served(pieces.length, ended);
      this.#observer.ran(rows, milliseconds / 1000);
      if (!(await this.#scatter(pieces, outputs, rows))) await this.#runApart(pieces);
    } catch (error) {
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
      if (job.rows * outputBytesPerRow > this.#mostOutputBytes) job.reject(this.#tooLarge());
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
    for (const piece of pieces) if (!piece.job.settled) await this.#run([piece]);
  }

  /** Runs a job in one run, because the outputs of its rows cannot be put together. */
  async #runWhole(job: Job): Promise<void> {
    if (job.settled) return;
    try {
      const outputs = await this.#session.run(job.feeds, job.fetches);
      if (outputBytes(outputs) > this.#mostOutputBytes) job.reject(this.#tooLarge());
      else job.resolve(outputs, 0, false);
    } catch (error) {
      job.reject(this.#worded(error));
    }
  }

  /** Outputs that are too large to be sent by a process are as if they had been sent. */
  #worded(error: unknown): unknown {
    return error instanceof EngineError && error.code === 'outputs-too-large' ? this.#tooLarge() : error;
  }

  /** Rejects what nobody waits for anymore. @returns whether there is work left */
  #dropDead(): boolean {
    const now = performance.now();
    this.#droppedAt = now;
    this.#queue.sweep((job) => this.#drop(job, now));
    for (const { job } of this.#running) if (!job.settled && job.expired(now)) job.reject(this.#timeout(job, now));
    return !this.#idle;
  }

  #drop(job: Job, now: number): boolean {
    if (job.expired(now)) {
      this.#observer.refused('expired');
      job.reject(this.#timeout(job, now));
      return true;
    }
    if (!job.abandoned()) return false;
    this.#observer.refused('abandoned');
    job.reject(new ServiceError('timeout', 'The client closed the connection before the model ran.'));
    return true;
  }

  #timeout({ arrived, taken }: Job, now: number): ServiceError {
    const seconds = Number(((now - arrived) / 1000).toPrecision(2));
    const state = taken === 0 ? 'was still waiting for its turn' : 'was still running';
    return new ServiceError(
      'timeout',
      `The model '${this.#signature.name}' did not respond in time: the request ${state} after ${seconds} s. ` +
        'REQUEST_TIMEOUT_SECONDS limits this time, and so may the client.',
    );
  }
}

/** Whether a run may have failed because of what one request contains, so that the others of the run may succeed. */
function concernsRequest(error: unknown): boolean {
  return error instanceof EngineError || (error instanceof ServiceError && error.code === 'model-restarting');
}

function rowBytes(outputs: Signature['outputs']): number {
  return outputs.reduce((sum, output) => sum + leastRowBytes(output), 0);
}
