import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { parseJson, toJson } from '../json.ts';
import { attempt, type Attempt, type LoadRequest } from '../load/attempt.ts';
import { keptPool } from '../load/pool.ts';
import type { ChaosContext } from './chaos-context.ts';

/** Requests of many rows, and how many of them all replicas together can serve. */
export interface Capacity {
  readonly requests: readonly LoadRequest[];
  /** The most rows that one of the requests has. */
  readonly rows: number;
  /** Requests per second, a response to each of which is correct. */
  readonly perSecond: number;
}

/**
 * A request that keeps a replica busy for this long, in milliseconds, costs the replica much more than this process: so
 * that one process can overload all replicas.
 */
const costly = 20;
/** Less than the service accepts by default, and little enough to send hundreds of them per second. */
const maxBytes = 64 * 1024;
/** Requests at the same time per replica, while the capacity is measured: so many that none is ever idle. */
const perReplica = 4;
const measuredMilliseconds = 3000;
/** After a refusal, in milliseconds. */
const pause = 20;
/** The service's own timeout comes first, unless it was increased. */
export const patience = 30_000;

/**
 * Measures what the replicas can serve: in a closed loop, in which each response is followed by the next request.
 * @throws {Failure} if no request succeeds
 */
export async function measureCapacity({ load, wanted, context: { signal } }: ChaosContext): Promise<Capacity> {
  const { url, headers = {} } = load;
  const pool = keptPool(url, wanted * perReplica);
  const send = async (what: LoadRequest): Promise<Attempt> => {
    signal.throwIfAborted();
    const agent = pool.take();
    const outcome = await attempt(what, { url: what.url ?? url, agent, headers, timeout: patience });
    pool.release(agent);
    return outcome;
  };
  try {
    const byUrl = Map.groupBy(load.requests, (request) => request.url ?? url);
    const batches: Batch[] = [];
    for (const requests of byUrl.values()) batches.push(await costlyBatch(requests, send));
    const requests = batches.map(({ request }) => request);

    const kinds = new Set<string>();
    let served = 0;
    const started = performance.now();
    const client = async (_: unknown, first: number): Promise<void> => {
      for (let next = first; performance.now() - started < measuredMilliseconds; next++) {
        const { kind, refused } = await send(inTurn(requests, next));
        if (kind === undefined) served++;
        else kinds.add(kind);
        // Refusals cost little, but not nothing. Without a pause there would be thousands of them.
        if (refused) await sleep(pause);
      }
    };
    await Promise.all(Array.from({ length: wanted * perReplica }, client));
    if (served === 0) {
      throw new Failure(`No request succeeded while the replicas' capacity was measured: ${[...kinds].join(', ')}.`, {
        hint: 'See `rhizome status` and `rhizome logs`.',
      });
    }
    return {
      requests,
      rows: Math.max(...batches.map(({ rows }) => rows)),
      perSecond: (served * 1000) / (performance.now() - started),
    };
  } finally {
    pool.close();
  }
}

interface Batch {
  readonly request: LoadRequest;
  readonly rows: number;
}

/** Combines requests to the same URL, each of one row, into one that is costly, unless the model or its size forbid. */
async function costlyBatch(
  requests: readonly LoadRequest[],
  send: (what: LoadRequest) => Promise<Attempt>,
): Promise<Batch> {
  let largest: Batch = { request: inTurn(requests, 0), rows: 1 };
  for (let rows = 1; ; rows *= 2) {
    const request = rows === 1 ? largest.request : combine(requests, rows);
    if (request.body.length > maxBytes) return largest;
    let fastest = Infinity;
    // One alone may be slow by chance, such as the first one.
    for (let attempts = 0; attempts < 3; attempts++) {
      const started = performance.now();
      const { kind } = await send(request);
      if (kind !== undefined) return largest;
      fastest = Math.min(fastest, performance.now() - started);
    }
    largest = { request, rows };
    if (fastest >= costly) return largest;
  }
}

/** Combines requests of one row into one of many, by column. */
function combine(requests: readonly LoadRequest[], rows: number): LoadRequest {
  const each = requests.map(({ body }) => parseJson(String(body)) as Readonly<Record<string, unknown>>);
  const columns = Object.fromEntries(
    Object.keys(inTurn(each, 0)).map((name) => [
      name,
      Array.from({ length: rows }, (_, row) => inTurn(each, row)[name]),
    ]),
  );
  const { url } = inTurn(requests, 0);
  return {
    ...(url !== undefined && { url }),
    body: Buffer.from(toJson({ columns })),
    isCorrect: (predictions) =>
      Array.isArray(predictions) &&
      predictions.length === rows &&
      predictions.every((prediction, row) => inTurn(requests, row).isCorrect(prediction)),
  };
}

function inTurn<Item>(items: readonly Item[], turn: number): Item {
  const item = items[turn % items.length];
  if (item === undefined) throw new RangeError('There are no items to take in turn.');
  return item;
}
