import type { Batching } from '../../onnx/signature/batching.ts';
import type { QueueLimits } from './admission.ts';

/** How the requests of one model are run. */
export interface ServingPlan {
  /** Whether rows of several requests may share a run, and rows of one request may be run in several. */
  readonly stackRows: boolean;
  /** The most rows of one run. */
  readonly maxBatch: number;
  /** How long a request may wait for others to share its run, in milliseconds. */
  readonly maxDelayMs: number;
  readonly queue: QueueLimits;
}

/** A plan for a model that has not been measured. */
export function unmeasuredPlan(batching: Batching): ServingPlan {
  return {
    stackRows: batching === 'batched',
    maxBatch: 64,
    maxDelayMs: 0,
    queue: { rows: 16 * 64, bytes: 16 * 2 ** 20 },
  };
}
