/** A pure policy: the measured costs and the settings in, how requests are run out. */
import type { Batching } from '../../../onnx/signature/batching.ts';
import { leastBodyBytes } from '../../contract/index.ts';
import type { QueueLimits } from '../admission/queue-limits.ts';
import type { Calibration, RunCost } from '../placement/calibration.ts';
import { MOST_EVENT_LOOP_RUN_MS, type Placement } from '../placement/placement.ts';
import type { RowLimit } from '../request-size.ts';

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
  /** The limits while more requests arrive than are served. */
  readonly overloadQueue: QueueLimits;
  /** The most rows of one request, whatever its response. */
  readonly rowLimit: RowLimit;
  readonly maxResponseBytes: number;
  /** The measured time of runs, by number of rows. */
  readonly costs: readonly RunCost[];
}

/** What can be set for a model. */
export interface ServingSettings {
  /** @default measured */
  readonly maxBatch?: number | undefined;
  /** @default 0 */
  readonly maxDelayMs?: number | undefined;
  /** @default what the model processes in a quarter of a second, and at least 16 rows and two full runs */
  readonly maxQueueRows?: number | undefined;
  /** @default 64 MiB, and at least two of the largest bodies */
  readonly maxQueueBytes?: number | undefined;
  /** @default 15 */
  readonly requestTimeoutSeconds?: number | undefined;
  /** @default 1 MiB */
  readonly maxBodyBytes?: number | undefined;
  /** @default 16 MiB, and at least two of the largest bodies */
  readonly maxResponseBytes?: number | undefined;
}

/** At least this many requests may wait, each with one row... */
const REQUESTS = 16;
/** ...or with this many, on average, if each request has a run of its own... */
const REQUEST_ROWS = 8;
/** ...and so many rows that the run after the next one can be full. */
const FULL_RUNS = 2;
/** A longer queue would only make everyone wait. */
const QUEUE_SECONDS = 0.25;
/**
 * Under overload, the queue is always full, and most of the time of a request is its wait. It is enough that the next
 * run can be full...
 */
const OVERLOAD_FULL_RUNS = 1;
/** ...and that so many requests wait... */
const OVERLOAD_REQUESTS = 8;
/** ...or what is processed in this time. */
const OVERLOAD_SECONDS = 0.05;
/** Unless there is overload, this many rows may wait: many clients send their next request after the response... */
const PATIENT_ROWS = 64;
/** ...if the model needs no longer than this for them. */
const PATIENT_SECONDS = 1;
const LEAST_QUEUE_BYTES = 64 * 2 ** 20;
const LEAST_RESPONSE_BYTES = 16 * 2 ** 20;
/** No request has more rows: its memory is a multiple of its rows, whatever they contain. */
const MOST_ROWS = 2 ** 20;
/**
 * If the rows of a request are run in several runs, so many times as many are accepted as fit into the timeout: the
 * machine may have been busy when the model was measured, and the runs stop at the timeout.
 */
const DIVISIBLE_FACTOR = 4;

export function servingPlan(
  { costs, unstackable }: Calibration,
  placement: Placement,
  settings: ServingSettings = {},
): ServingPlan {
  const { requestTimeoutSeconds = 15, maxBodyBytes = leastBodyBytes } = settings;
  const stackRows = unstackable === undefined;
  const best = fullRun(costs, placement);
  const maxBatch = stackRows ? (settings.maxBatch ?? best?.rows ?? 1) : 1;
  const rowsPerSecond = best === undefined ? Infinity : (1000 * best.rows) / best.milliseconds;
  const rowsOf = (requests: number, runs: number, seconds: number): number =>
    Math.max(requests * (stackRows ? 1 : REQUEST_ROWS), runs * maxBatch, Math.ceil(rowsPerSecond * seconds));
  const patient = Math.min(PATIENT_ROWS, Math.floor(rowsPerSecond * PATIENT_SECONDS));
  const within = Math.max(maxBatch, Math.floor(rowsPerSecond * requestTimeoutSeconds));
  const limits = (rows: number): QueueLimits => ({
    rows: settings.maxQueueRows ?? (Number.isFinite(rows) ? Math.min(rows, within) : REQUESTS * REQUEST_ROWS),
    bytes: settings.maxQueueBytes ?? Math.max(LEAST_QUEUE_BYTES, 2 * maxBodyBytes),
  });
  return {
    placement,
    stackRows,
    unstackable,
    costs,
    maxBatch,
    maxDelayMs: settings.maxDelayMs ?? 0,
    queue: limits(Math.max(patient, rowsOf(REQUESTS, FULL_RUNS, QUEUE_SECONDS))),
    overloadQueue: limits(rowsOf(OVERLOAD_REQUESTS, OVERLOAD_FULL_RUNS, OVERLOAD_SECONDS)),
    rowLimit: rowLimit(stackRows ? DIVISIBLE_FACTOR * within : within, requestTimeoutSeconds),
    maxResponseBytes: largestResponse(settings),
  };
}

/** Returns the bytes of the largest response. */
export function largestResponse({ maxResponseBytes, maxBodyBytes = leastBodyBytes }: ServingSettings): number {
  return maxResponseBytes ?? Math.max(LEAST_RESPONSE_BYTES, 2 * maxBodyBytes);
}

function rowLimit(rows: number, seconds: number): RowLimit {
  return rows < MOST_ROWS
    ? { rows, reason: `more take longer than ${seconds} s (REQUEST_TIMEOUT_SECONDS)` }
    : { rows: MOST_ROWS, reason: 'more take too much memory' };
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
