import { EngineError } from '../engine/engine.ts';
import type { Row } from '../signature/cells.ts';
import type { Prediction } from './decode-predictions.ts';
import type { GeneratedRow } from './plausible-inputs.ts';

/** A generated row that the model runs on. */
export interface Trial extends GeneratedRow {
  readonly prediction: Prediction | undefined;
}

/** None of the generated rows runs. */
export interface FailedTrial {
  /** Why, in a sentence. */
  readonly reason: string;
  readonly cause?: unknown;
}

export interface TrialOptions {
  /** How long rows are tried. @default 10 s */
  readonly budgetMs?: number;
  /** Returns the milliseconds of a monotonic clock. @default performance.now */
  readonly now?: () => number;
}

/** Whoever waits for a model to load, or to be inspected, waits at most this long for a row that runs. */
const BUDGET_MS = 10_000;

/**
 * Tries generated rows until one runs: whether a model without examples runs at all, and on which shapes.
 *
 * @param rows the rows to try, the most plausible first
 */
export async function tryRows(
  rows: Iterable<GeneratedRow>,
  predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>,
  { budgetMs = BUDGET_MS, now = () => performance.now() }: TrialOptions = {},
): Promise<Trial | FailedTrial> {
  const started = now();
  let count = 0;
  let failure: unknown;
  for (const generated of rows) {
    try {
      const [prediction] = await predict([generated.row]);
      return { ...generated, prediction };
    } catch (cause) {
      // The first row is the most plausible one, so that its failure says most.
      failure ??= cause;
      count++;
      if (endedProcess(cause)) return failed(count, cause);
      const elapsed = now() - started;
      if (elapsed > budgetMs) return failed(count, failure, ` in ${Math.round(elapsed / 1000)} s`);
    }
  }
  if (failure === undefined) return { reason: 'its inputs are too large to generate any.' };
  return failed(count, failure);
}

function failed(count: number, cause: unknown, duration = ''): FailedTrial {
  const what = count === 1 ? 'the generated input' : `any of ${count} generated inputs`;
  return { reason: `it did not run on ${what}${duration}: ${reasonOf(cause).replace(/\.?$/, '.')}`, cause };
}

/** Returns the engine's reason, also if the error tells a client what to do about it. */
function reasonOf(error: unknown): string {
  if (error instanceof EngineError) return error.reason;
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof EngineError ? error.cause.reason : error.message;
}

/** Whether a run ended the process that it was in. The next row would probably do the same. */
function endedProcess(cause: unknown): boolean {
  return !(cause instanceof EngineError) || cause.code === 'process-died' || cause.code === 'process-killed';
}
