/** A pure policy: the measured costs and the settings in, how requests are run out. */
import type { Batching } from '../../onnx/signature/batching.ts';
import type { QueueLimits } from './admission.ts';
import type { Calibration, RunCost } from './calibration.ts';
import { MOST_EVENT_LOOP_RUN_MS, type Placement } from './placement.ts';

/** How the requests of one model are run. */
export interface ServingPlan {
  readonly placement: Placement;
  /** Whether rows of several requests may share a run, and rows of one request may be run in several. */
  readonly stackRows: boolean;
  /** Why not. */
  readonly unstackable: string | undefined;
  /** The most rows of one run. Requests whose rows are not stacked are run as they come. */
  readonly maxBatch: number;
  /** How long a request may wait for others to share its run, in milliseconds. */
  readonly maxDelayMs: number;
  readonly queue: QueueLimits;
  /** The measured time of runs, by number of rows. */
  readonly costs: readonly RunCost[];
}

/** What can be set for a model. */
export interface ServingSettings {
  /** @default measured */
  readonly maxBatch?: number | undefined;
  /** @default 0 */
  readonly maxDelayMs?: number | undefined;
  /** @default what the model processes in a quarter of a second, and at least 16 full runs */
  readonly maxQueueRows?: number | undefined;
  /** @default 16 MiB, and at least two of the largest bodies */
  readonly maxQueueBytes?: number | undefined;
  /** @default 15 */
  readonly requestTimeoutSeconds?: number | undefined;
  /** @default 1 MiB */
  readonly maxBodyBytes?: number | undefined;
}

const FULL_RUNS = 16;
/** The rows of an average request, if each request has a run of its own. */
const REQUEST_ROWS = 8;
/** A longer queue would only make everyone wait: under overload, most of the time of a request would be its wait. */
const QUEUE_SECONDS = 0.25;
const LEAST_QUEUE_BYTES = 16 * 2 ** 20;

export function servingPlan(
  { costs, unstackable }: Calibration,
  placement: Placement,
  settings: ServingSettings = {},
): ServingPlan {
  const { requestTimeoutSeconds = 15, maxBodyBytes = 2 ** 20 } = settings;
  const stackRows = unstackable === undefined;
  const best = fullRun(costs, placement);
  const maxBatch = stackRows ? (settings.maxBatch ?? best?.rows ?? 1) : 1;
  const rowsPerSecond = best === undefined ? Infinity : (1000 * best.rows) / best.milliseconds;
  const rows = Math.min(
    Math.max(FULL_RUNS * (stackRows ? maxBatch : REQUEST_ROWS), Math.ceil(rowsPerSecond * QUEUE_SECONDS)),
    Math.max(maxBatch, Math.floor(rowsPerSecond * requestTimeoutSeconds)),
  );
  return {
    placement,
    stackRows,
    unstackable,
    costs,
    maxBatch,
    maxDelayMs: settings.maxDelayMs ?? 0,
    queue: {
      rows: settings.maxQueueRows ?? (Number.isFinite(rows) ? rows : FULL_RUNS * Math.max(maxBatch, REQUEST_ROWS)),
      bytes: settings.maxQueueBytes ?? Math.max(LEAST_QUEUE_BYTES, 2 * maxBodyBytes),
    },
  };
}

/** Returns a plan without measurements: rows are stacked if the graph declares a dimension of rows. */
export function unmeasuredPlan(batching: Batching): ServingPlan {
  const unstackable = batching === 'batched' ? undefined : 'it was not measured';
  return { ...servingPlan({ costs: [], unstackable }, 'event-loop', { maxBatch: 64 }) };
}

/** Returns the largest run that does not take too long where the model runs. */
function fullRun(costs: readonly RunCost[], placement: Placement): RunCost | undefined {
  const most = placement === 'event-loop' ? MOST_EVENT_LOOP_RUN_MS : Infinity;
  return costs.findLast(({ milliseconds }) => milliseconds <= most) ?? costs[0];
}
