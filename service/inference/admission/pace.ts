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
  /** The time per row in large runs: those that a full queue is run in. */
  readonly #row: TimeEstimate;
  readonly #rowAtLoad: number;

  /** @param costs what was measured when the model was loaded */
  constructor(costs: readonly RunCost[]) {
    this.#costs = costs;
    const best = costs.at(-1);
    this.#rowAtLoad = best === undefined ? 0 : best.milliseconds / best.rows;
    this.#row = new TimeEstimate(this.#rowAtLoad, WEIGHT);
  }

  /** A run ended. */
  ran(rows: number, milliseconds: number): void {
    if (rows > 0) this.#row.add(milliseconds / this.#inLargeRuns(rows));
  }

  /** Returns the limits for a request that has some milliseconds: lower ones if a full queue would take too many. */
  limitsWithin(milliseconds: number, limits: QueueLimits): QueueLimits {
    const available = milliseconds * WAITING_SHARE;
    if (limits.rows * this.#row.milliseconds <= available) return limits;
    return { rows: Math.max(0, Math.floor(available / this.#row.milliseconds)), bytes: limits.bytes };
  }

  /** Returns how many rows of large runs were measured to take as long as one run of so many rows. */
  #inLargeRuns(rows: number): number {
    const next = this.#costs.findIndex((cost) => cost.rows >= rows);
    const to = this.#costs[next];
    if (to === undefined) return rows;
    const from = this.#costs[next - 1] ?? to;
    const share = to.rows === from.rows ? 1 : (rows - from.rows) / (to.rows - from.rows);
    return (from.milliseconds + share * (to.milliseconds - from.milliseconds)) / this.#rowAtLoad;
  }
}
