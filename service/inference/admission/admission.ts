import type { ServiceError } from '../../errors.ts';
import type { RunCost } from '../placement/calibration.ts';
import { Demand } from './demand.ts';
import { Pace } from './pace.ts';
import { exceededLimit, overloaded, type QueueLimit, type QueueLimits, type Waiting } from './queue-limits.ts';

/** Looking through a full queue for each request would take longer than refusing it. */
const LEAST_DROP_INTERVAL_MS = 5;

/** What a model was measured to serve. */
export interface Capacity {
  readonly queue: QueueLimits;
  /** The limits while more requests arrive than are served. */
  readonly overloadQueue: QueueLimits;
  /** The measured time of runs, by number of rows. */
  readonly costs: readonly RunCost[];
}

/** What the owner of a queue does for its admission. */
export interface QueueOwner {
  /** Removes from the queue what nobody waits for anymore. */
  dropDead(now: number): void;
  /** A request was refused. */
  refused(limit: QueueLimit): void;
}

/**
 * Decides whether a request may wait for its model: only if it will be served in time, at the pace at which the model
 * works now. All times are in milliseconds, as returned by `performance.now()`.
 */
export class Admission {
  readonly #model: string;
  readonly #waiting: Waiting;
  readonly #capacity: Capacity;
  readonly #owner: QueueOwner;
  readonly #pace: Pace;
  readonly #demand = new Demand();
  /** Under overload, most refusals are for the same reason. Creating an error takes longer than finding one. */
  readonly #refusals = new WeakMap<QueueLimits, ServiceError>();
  #droppedAt = 0;

  /** @param waiting what waits for the model at any time */
  constructor(model: string, waiting: Waiting, capacity: Capacity, owner: QueueOwner) {
    this.#model = model;
    this.#waiting = waiting;
    this.#capacity = capacity;
    this.#owner = owner;
    this.#pace = new Pace(capacity.costs);
  }

  /**
   * Returns why a request may not wait; undefined if it may.
   *
   * @param milliseconds until the request's deadline
   */
  refusal(rows: number, bytes: number, milliseconds: number): ServiceError | undefined {
    if (this.#waiting.jobs === 0) return undefined;
    const { queue, overloadQueue } = this.#capacity;
    // Usually even the shorter queue has room, and the time does not matter.
    if (exceededLimit(this.#waiting, this.#pace.limitsWithin(milliseconds, overloadQueue), rows, bytes) === undefined)
      return undefined;
    const now = performance.now();
    const limits = this.#pace.limitsWithin(milliseconds, this.#demand.isOverload(now) ? overloadQueue : queue);
    if (exceededLimit(this.#waiting, limits, rows, bytes) === undefined) return undefined;
    // What nobody waits for must not take the place of a new request: many clients may have left at once.
    if (now - this.#droppedAt > LEAST_DROP_INTERVAL_MS) {
      this.#droppedAt = now;
      this.#owner.dropDead(now);
    }
    const limit = exceededLimit(this.#waiting, limits, rows, bytes);
    if (limit === undefined) return undefined;
    this.#demand.refused(now);
    this.#owner.refused(limit);
    let error = this.#refusals.get(limits);
    if (error === undefined) this.#refusals.set(limits, (error = overloaded(this.#model, limits)));
    return error;
  }

  /** A request entered the queue. */
  accepted(now: number): void {
    this.#demand.accepted(now);
  }

  /** A run ended. */
  ran(requests: number, rows: number, started: number, ended: number): void {
    this.#pace.ran(rows, ended - started);
    this.#demand.served(requests, ended);
  }
}
