import { TimeEstimate } from '../../../onnx/time-estimate.ts';
import type { QueueLimits } from './queue-limits.ts';
import type { RunCost } from '../placement/calibration.ts';

/** How much of the estimate a new measurement replaces: after three runs, most of it. */
const WEIGHT = 0.5;
/** The share of a request's time that those before it may take. The rest is for its own run, and for a slower pace. */
export const WAITING_SHARE = 1 / 3;

/**
 * How fast a model gets through its queue now. That may be much slower than what was measured when the model was
 * loaded: other models, other containers and a CPU limit take their share of the processor.
 */
export class Pace {
  readonly #costs: readonly RunCost[];
  /** The largest run that was measured. A full queue is run in such runs. */
  readonly #full: RunCost;
  readonly #fullRun: TimeEstimate;

  /** @param costs what was measured when the model was loaded */
  constructor(costs: readonly RunCost[]) {
    this.#costs = costs;
    this.#full = costs.at(-1) ?? { rows: 1, milliseconds: 0 };
    this.#fullRun = new TimeEstimate(this.#full.milliseconds, WEIGHT);
  }

  /** A run ended. */
  ran(rows: number, milliseconds: number): void {
    if (rows > 0) this.#fullRun.add(this.#asFullRun(rows, milliseconds));
  }

  /** Returns the limits for a request that has some milliseconds: lower ones if a full queue would take too many. */
  limitsWithin(milliseconds: number, limits: QueueLimits): QueueLimits {
    const available = milliseconds * WAITING_SHARE;
    const row = this.#fullRun.milliseconds / this.#full.rows;
    if (limits.rows * row <= available) return limits;
    return { rows: Math.max(0, Math.floor(available / row)), bytes: limits.bytes };
  }

  /**
   * Returns how long a full run would have taken instead. A small run mostly waits for its turn, and a full one would
   * have waited as long: only what it computes takes longer.
   */
  #asFullRun(rows: number, milliseconds: number): number {
    if (rows >= this.#full.rows) return (milliseconds * this.#full.rows) / rows;
    const next = this.#costs.findIndex((cost) => cost.rows >= rows);
    const to = this.#costs[next] ?? this.#full;
    const from = this.#costs[next - 1] ?? to;
    const share = to.rows === from.rows ? 1 : (rows - from.rows) / (to.rows - from.rows);
    const measured = from.milliseconds + share * (to.milliseconds - from.milliseconds);
    return milliseconds + Math.max(this.#full.milliseconds - measured, 0);
  }
}
