import type { ModelDescription } from '../../../contract/api.ts';
import { Failure } from '../api/failure.ts';
import { issueText, segments } from '../api/issues.ts';
import type { Answer, Row } from '../api/messages.ts';
import type { Outcome } from './table-file.ts';

/** Enough that the network matters little, and few enough to see progress. */
const MOST_ROWS = 500;
/** A service that stays overloaded for longer is not waiting for this page. */
const MOST_WAITS = 20;

export interface BatchLimits {
  readonly maxRows: number;
  readonly maxBytes: number;
}

export const limitsOf = ({ serving }: ModelDescription): BatchLimits => ({
  maxRows: serving.max_rows,
  maxBytes: serving.max_body_bytes,
});

/**
 * Predicts rows in as many requests as they need, and yields what became of each batch, in order. Rows that the service
 * rejects do not keep the others from being predicted.
 *
 * @throws {Failure} what is not about single rows
 */
export async function* predictInBatches(
  rows: readonly Row[],
  limits: BatchLimits,
  predict: (rows: readonly Row[]) => Promise<Answer>,
  signal: AbortSignal,
): AsyncGenerator<readonly Outcome[]> {
  for (const batch of batchesOf(rows, limits)) {
    if (signal.aborted) return;
    yield await outcomesOf(batch, (some) => patiently(() => predict(some), signal));
  }
}

/**
 * Predicts rows in as many requests as they need, all or none.
 *
 * @throws {Failure} also for a single row
 */
export async function predictAll(
  rows: readonly Row[],
  limits: BatchLimits,
  predict: (rows: readonly Row[]) => Promise<Answer>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const batch of batchesOf(rows, limits)) answers.push(await predict(batch));
  return answers;
}

async function outcomesOf(
  rows: readonly Row[],
  predict: (rows: readonly Row[]) => Promise<Answer>,
): Promise<readonly Outcome[]> {
  try {
    return (await predict(rows)).predictions;
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 422) throw error;
    const errors = errorsByRow(error);
    if (errors.size === 0) return rows.map(() => ({ error: error.message }));
    const valid = rows.filter((_, index) => !errors.has(index));
    // The service names the first hundred places, so there may be more.
    const others = valid.length === 0 ? [] : await outcomesOf(valid, predict);
    let next = 0;
    return rows.map((_, index) => {
      const message = errors.get(index);
      return message === undefined ? (others[next++] ?? { error: error.message }) : { error: message };
    });
  }
}

function errorsByRow({ issues }: Failure): ReadonlyMap<number, string> {
  const errors = new Map<number, string>();
  for (const issue of issues) {
    const [row = '', ...place] = segments(issue.pointer);
    if (!/^\d+$/.test(row)) continue;
    const message = `${place.join(' ')}: ${issueText(issue)}`;
    errors.set(Number(row), [errors.get(Number(row)), message].filter(Boolean).join(' '));
  }
  return errors;
}

/** Tries again for as long as the service asks to. */
async function patiently<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let waits = 0; ; waits++) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof Failure) || error.retryAfter === undefined || waits === MOST_WAITS || signal.aborted)
        throw error;
      await new Promise((resolve) => setTimeout(resolve, (error.retryAfter ?? 1) * 1000));
    }
  }
}

function batchesOf(rows: readonly Row[], { maxRows, maxBytes }: BatchLimits): readonly (readonly Row[])[] {
  const batches: Row[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    const size = new TextEncoder().encode(JSON.stringify(row)).length + 1;
    const current = batches.at(-1);
    if (current === undefined || current.length >= Math.min(maxRows, MOST_ROWS) || bytes + size > maxBytes) {
      batches.push([row]);
      bytes = size + 2;
    } else {
      current.push(row);
      bytes += size;
    }
  }
  return batches;
}
