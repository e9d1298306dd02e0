import type { Session } from '../../../onnx/engine/engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { ServiceError } from '../../errors.ts';
import { Admission } from '../admission/admission.ts';
import type { QueueLimit } from '../admission/queue-limits.ts';
import { byteLength, leastRowBytes, mostOutputBytes, responseTooLarge, tooManyRows } from '../request-size.ts';
import type { RunOptions, RunResult, Tensors } from '../run.ts';
import { Sweep } from './deadlines.ts';
import { JobQueue, type JobPiece } from './job-queue.ts';
import { Job } from './job.ts';
import { ModelCounts } from './model-counts.ts';
import { PieceRunner, type RunObserver } from './piece-runner.ts';
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

const nobody: ExecutorObserver = { ran: () => undefined, waited: () => undefined, refused: () => undefined };

/**
 * Runs one model for all of its requests, whatever protocol they come by. Requests wait in a bounded queue. Each run
 * takes the rows that are waiting when the run before has ended, so that a busy model gets large batches, and an idle
 * one adds no delay.
 */
export class Executor {
  readonly #signature: Pick<Signature, 'name' | 'inputs' | 'outputs' | 'batching'>;
  readonly plan: ServingPlan;
  readonly counts = new ModelCounts();
  readonly #observer: ExecutorObserver;
  readonly #inputs: readonly string[];
  readonly #mostOutputBytes: number;
  /** So many rows fit into a response, as far as the outputs are declared. */
  readonly #rowsOfAllOutputs: number;
  readonly #queue: JobQueue;
  readonly #admission: Admission;
  readonly #runner: PieceRunner;
  readonly #sweep: Sweep;
  #running: readonly JobPiece[] = [];
  #scheduled: NodeJS.Immediate | NodeJS.Timeout | undefined;
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
    this.plan = plan;
    this.#observer = observer;
    this.#inputs = signature.inputs.map(({ name }) => name);
    this.#mostOutputBytes = mostOutputBytes(plan.maxResponseBytes);
    this.#rowsOfAllOutputs = this.#mostOutputBytes / rowBytes(signature.outputs);
    this.#queue = new JobQueue(this.#inputs);
    this.#admission = new Admission(signature.name, this.#queue, plan, {
      dropDead: (now) => {
        this.#dropDead(now);
      },
      refused: (limit) => {
        observer.refused(limit);
      },
    });
    const ran: RunObserver = (requests, rows, started, ended) => {
      this.#admission.ran(requests, rows, started, ended);
      observer.ran(rows, (ended - started) / 1000);
    };
    this.#runner = new PieceRunner(session, this.#inputs, plan.maxResponseBytes, this.counts, ran);
    this.#sweep = new Sweep(SWEEP_MS, () => this.#dropDead(performance.now()));
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
    const refusal = this.#admission.refusal(1, bytes, Infinity);
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
      const refusal = this.#admission.refusal(rows, bytes, options.deadline - arrived);
      if (refusal !== undefined) return Promise.reject(refusal);
      this.#admission.accepted(arrived);
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

  /** Returns why a request cannot be run at all; undefined if it can. */
  #unfit(rows: number, fetches: readonly string[]): ServiceError | undefined {
    if (rows === 0) return new ServiceError('invalid-input', 'The request has no rows. Send at least one row.');
    if (rows > this.plan.rowLimit.rows) return tooManyRows(this.#signature.name, rows, this.plan.rowLimit);
    if (rows <= this.#rowsOfAllOutputs) return undefined;
    const requested = this.#signature.outputs.filter(({ name }) => fetches.includes(name));
    return rows * rowBytes(requested) > this.#mostOutputBytes
      ? responseTooLarge(this.plan.maxResponseBytes)
      : undefined;
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
      for (const { job, firstRow } of pieces) if (firstRow === 0) this.#waited(job, now);
      this.#running = pieces;
      void this.#runner.run(pieces, now).then(this.#next);
    } else this.#next();
  };

  #waited({ arrived, options }: Job, now: number): void {
    const milliseconds = now - arrived;
    options.trace?.waited(arrived, now);
    this.#observer.waited(milliseconds / 1000);
    this.counts.queue.add(milliseconds);
  }

  readonly #next = (): void => {
    this.#running = [];
    if (this.#queue.jobs > 0) this.#schedule(0);
    else this.#onIdle?.();
  };

  /** Rejects what nobody waits for anymore. @returns whether there is work left */
  #dropDead(now: number): boolean {
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

function rowBytes(outputs: Signature['outputs']): number {
  return outputs.reduce((sum, output) => sum + leastRowBytes(output), 0);
}
