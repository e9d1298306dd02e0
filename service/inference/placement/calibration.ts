import { EngineError, type Session } from '../../../onnx/engine/engine.ts';
import { freeTensors } from '../../../onnx/engine/free-memory.ts';
import { canShareRun, encodeRows } from '../../../onnx/batch/encode-rows.ts';
import { predictionOutputs } from '../../../onnx/batch/decode-predictions.ts';
import type { Row } from '../../../onnx/signature/cells.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { byteLength } from '../request-size.ts';
import { outputsDiffer, rowDependence, stacked, type ComparedOutput, type KnownRow } from './row-independence.ts';
import type { Tensors } from '../run.ts';

/** How long one run takes. */
export interface RunCost {
  readonly rows: number;
  readonly milliseconds: number;
}

/** What measuring a model has shown. */
export interface Calibration {
  /** By number of rows, ascending, starting with one row; empty if the model did not run. */
  readonly costs: readonly RunCost[];
  /** Why rows must not share a run; undefined if they are proven to be independent. */
  readonly unstackable: string | undefined;
}

/** A run of one row, and the rows to measure with. */
export interface FirstRuns {
  readonly rows: readonly Row[];
  readonly milliseconds: number;
}

/** Rows that differ, to show whether they influence each other. */
const DIFFERENT_ROWS = 4;
/** A run that takes longer delays the requests behind it too much. */
export const MOST_RUN_MS = 100;
/** Doubling the rows of a run has to increase the rows per second by this factor. */
const LEAST_GAIN = 1.03;
const MOST_ROWS = 64;
/** If a run takes less than this, the next one has four times as many rows: a hundred models must load in a second. */
const BRIEF_RUN_MS = 0.1;
/** More rows are only tried if a run takes less than this. */
const TINY_RUN_MS = 1;
const MOST_TINY_ROWS = 1024;
/** The inputs of a larger run would hardly ever be there at once. */
const MOST_BATCH_BYTES = 32 * 2 ** 20;
/** The time to measure one model, apart from its first runs. */
const BUDGET_MS = 1000;
/**
 * A run is repeated, and the fastest counts: others were interrupted by other processes, or by the CPU limit, which may
 * stop a process for a tenth of a second. It is repeated this often...
 */
const FEWEST_REPETITIONS = 3;
/**
 * ...and until it has taken this long in total, or, if it seems slow, until the fastest would have taken this long...
 */
const REPETITIONS_MS = 0.25;
const SEEMINGLY_SLOW_MS = 50;
/** ...but a slow run only twice... */
const SLOW_REPETITIONS_MS = 300;
/** ...and a very slow one once. */
const MOST_REPETITIONS_MS = 1000;
/** How often a small run is measured again before it counts as too slow. */
const RETRIES = 8;

/**
 * Runs one row at a time until one runs, and measures it. These are also the runs that warm the model up.
 *
 * @param samples sets of rows: of the first set of which a row runs, the others are used too
 * @returns undefined if none runs
 */
export async function firstRuns(
  signature: Signature,
  session: Pick<Session, 'run'>,
  samples: Iterable<readonly Row[]> | AsyncIterable<readonly Row[]>,
): Promise<FirstRuns | undefined> {
  const fetches = predictionOutputs(signature);
  for await (const rows of samples) {
    for (const row of rows) {
      try {
        const feeds = encodeRows(signature, [row]);
        const milliseconds = await measure(session, () => feeds, fetches);
        return { rows: [row, ...rows.filter((other) => other !== row)], milliseconds };
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
      }
    }
  }
  return undefined;
}

/**
 * Proves that the rows of a model are independent, and measures runs of 1, 2, 4, … rows until more rows do not pay, a
 * run takes too long, or the time for measuring is over.
 *
 * @param most the most rows of a run, if it is set
 */
export async function calibrate(
  signature: Signature,
  session: Pick<Session, 'run'>,
  first: FirstRuns | undefined,
  most = MOST_TINY_ROWS,
): Promise<Calibration> {
  if (first === undefined)
    return { costs: [], unstackable: 'the model did not run on its examples, or on generated inputs' };
  const costs: RunCost[] = [{ rows: 1, milliseconds: first.milliseconds }];
  if (signature.batching !== 'batched') return { costs, unstackable: fixedRows[signature.batching] };
  if (first.milliseconds > MOST_RUN_MS) {
    return { costs, unstackable: `one row takes ${Math.round(first.milliseconds)} ms, so larger runs would not pay` };
  }
  const inputs = signature.inputs.map(({ name }) => name);
  const { outputs } = signature;
  const fetches = outputs.map(({ name }) => name);
  try {
    const rows = await knownRows(signature, session, first.rows, fetches);
    if (rows.length < DIFFERENT_ROWS)
      return { costs, unstackable: `there are fewer than ${DIFFERENT_ROWS} different rows to compare runs with` };
    const dependence =
      (await rowDependence(rows, inputs, outputs, session)) ??
      (await measureLarger(rows, inputs, outputs, session, costs, most));
    return { costs, unstackable: dependence };
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { costs, unstackable: `runs with several rows fail: ${error.reason}` };
  }
}

const fixedRows = {
  'per-row': 'the graph declares runs of one row',
  unbatched: 'the graph does not declare a dimension of rows',
} as const;

/** Runs different rows of the same shape alone. */
async function knownRows(
  signature: Signature,
  session: Pick<Session, 'run'>,
  rows: readonly Row[],
  outputs: readonly string[],
): Promise<KnownRow[]> {
  const known: KnownRow[] = [];
  const seen = new Set<string>();
  const [pattern = []] = rows;
  for (const row of rows) {
    if (known.length === DIFFERENT_ROWS) break;
    const text = row
      .map((cell) => (typeof cell === 'object' ? Array.from(cell?.data ?? []).join() : String(cell)))
      .join('\n');
    if (seen.has(text) || !canShareRun(signature, [pattern, row])) continue;
    seen.add(text);
    const feeds = encodeRows(signature, [row]);
    try {
      known.push({ feeds, outputs: await session.run(feeds, outputs) });
    } catch (error) {
      // A generated row may have values that the model does not accept.
      if (!(error instanceof EngineError)) throw error;
    }
  }
  return known;
}

/** Adds the costs of larger runs, and checks their outputs. @returns why the rows are not independent, if so */
async function measureLarger(
  known: readonly KnownRow[],
  inputs: readonly string[],
  outputs: readonly ComparedOutput[],
  session: Pick<Session, 'run'>,
  costs: RunCost[],
  most: number,
): Promise<string | undefined> {
  const started = performance.now();
  const fetches = outputs.map(({ name }) => name);
  const [first] = known;
  // The first measurement was of a model that was not warm.
  if (first !== undefined) costs[0] = { rows: 1, milliseconds: await measure(session, () => first.feeds, fetches) };
  for (let count = nextCount(costs); count <= most; count = nextCount(costs)) {
    const last = costs.at(-1);
    if (last === undefined || (count > MOST_ROWS && last.milliseconds > TINY_RUN_MS)) return undefined;
    // The first run, and at least one that is measured.
    const expected = 4 * last.milliseconds;
    if (last.milliseconds * 2 > MOST_RUN_MS || performance.now() - started + expected > BUDGET_MS) return undefined;
    const rows = Array.from({ length: count }, (_, index) => known[index % known.length]).filter(
      (row) => row !== undefined,
    );
    const feeds = stacked(rows, inputs);
    if (byteLength(feeds, inputs) > MOST_BATCH_BYTES) return undefined;
    const dependence = outputsDiffer(known.slice(0, count), count, await session.run(feeds, fetches), outputs);
    if (dependence !== undefined) return dependence;
    const enough = (last.milliseconds * count) / last.rows / LEAST_GAIN;
    // For images, putting the rows together may take longer than the runs that it saves.
    const measureStacked = (): Promise<number> => measure(session, () => stacked(rows, inputs), fetches);
    let milliseconds = await measureStacked();
    for (let retry = 0; retry < RETRIES && milliseconds > enough && milliseconds < TINY_RUN_MS; retry++)
      milliseconds = Math.min(milliseconds, await measureStacked());
    if (milliseconds > MOST_RUN_MS || milliseconds > enough) return undefined;
    costs.push({ rows: count, milliseconds });
  }
  return undefined;
}

function nextCount(costs: readonly RunCost[]): number {
  const { rows = 1, milliseconds = 0 } = costs.at(-1) ?? {};
  return rows * (milliseconds < BRIEF_RUN_MS ? 4 : 2);
}

/** Returns the time of a run in milliseconds. */
async function measure(
  session: Pick<Session, 'run'>,
  feeds: () => Tensors,
  fetches: readonly string[],
): Promise<number> {
  const started = performance.now();
  let shortest = Infinity;
  for (let repetition = 1; ; repetition++) {
    const before = performance.now();
    const outputs = await session.run(feeds(), fetches);
    const now = performance.now();
    freeTensors(outputs);
    shortest = Math.min(shortest, now - before);
    const elapsed = now - started;
    if (elapsed > MOST_REPETITIONS_MS || (elapsed > SLOW_REPETITIONS_MS && repetition > 1)) return shortest;
    const enough = shortest < TINY_RUN_MS ? elapsed > REPETITIONS_MS : repetition * shortest > SEEMINGLY_SLOW_MS;
    if (enough && repetition >= FEWEST_REPETITIONS) return shortest;
  }
}
