import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, type LoadRequest } from './attempt.ts';
import { freshPool, inTurn, keptPool, type Pool } from './pool.ts';
import { bySecond, summarize, type LoadFailure, type LoadReport, type Sample } from './report.ts';

export const connectionKinds = ['new', 'keep-alive', 'both'] as const;
export type Connections = (typeof connectionKinds)[number];

export interface LoadOptions {
  /** The URL, with a path, of requests without a `url` of their own. All URLs must have the same host and port. */
  readonly url: string;
  /** Sent in turn. At least one. */
  readonly requests: readonly LoadRequest[];
  /**
   * Requests per second. The loop is open: each request is sent when it is due, whether or not those before it have a
   * response.
   */
  readonly rate: number;
  /** `new` opens a connection for each request, `keep-alive` keeps a `pool` of them, `both` does so in turn. */
  readonly connections: Connections;
  /**
   * How many connections `keep-alive` opens. Each request uses the one that was idle longest, or opens another one if
   * all are busy.
   * @default 20
   */
  readonly pool?: number;
  /** Milliseconds until a response must be complete. @default 10000 */
  readonly timeout?: number;
  /** Milliseconds after which a failed request is sent once more. @default never */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Load {
  /** Returns the number of correct responses so far. */
  answered(): number;
  /** Reports as if the load ended now. Requests without a response yet are not counted. */
  report(): LoadReport;
  /**
   * Returns the last complete seconds of the report, which costs little however long the load has been running. After
   * the end, the last second is the one in which it ended.
   */
  recent(seconds: number): Pick<LoadReport, 'startedAt' | 'perSecond'>;
  /** Sends no more requests, waits for all responses, and reports. Can be called again. */
  stop(): Promise<LoadReport>;
}

/**
 * Starts to send requests.
 *
 * Times count from the moment at which a request was due, so that they include how long requests wait while the server
 * (or this process) stalls. The caller must stop the load, even after errors: see `underLoad`.
 *
 * @throws {RangeError} if the options are not valid
 */
export function startLoad(options: LoadOptions): Load {
  const { url, requests, rate, connections, timeout = 10_000, retryAfter, headers = {} } = options;
  const wrong = [url, ...requests.map((each) => each.url ?? url)].find((each) => !URL.canParse(each));
  if (wrong !== undefined) throw new RangeError(`${wrong} is not a valid URL.`);
  if (!(rate > 0)) throw new RangeError(`The rate must be above 0 requests per second, but is ${rate}.`);
  const [first] = requests;
  if (first === undefined) throw new RangeError('A load needs at least one request.');
  const kept = (): Pool => keptPool(url, options.pool ?? 20);
  const pool = { new: () => freshPool, 'keep-alive': kept, both: () => inTurn(kept(), freshPool) }[connections]();
  const samples: Sample[] = [];
  const answeredAt: number[] = [];
  const failures: LoadFailure[] = [];
  const lost: LoadFailure[] = [];
  const opened = new Set<Socket>();
  const served = new WeakMap<Socket, number>();
  const pending = new Set<Promise<void>>();
  const [startedAt, startedOn] = [Date.now(), performance.now()];
  /** Returns the milliseconds since the start, by a clock that cannot be set. */
  const now = (): number => performance.now() - startedOn;

  /** Sends a request over an idle connection. Returns undefined if it succeeds. */
  const send = async (what: LoadRequest): Promise<LoadFailure | undefined> => {
    const sent = now();
    const agent = pool.take();
    const { kind, refused, socket } = await attempt(what, { url: what.url ?? url, agent, headers, timeout });
    pool.release(agent);
    const before = socket === undefined ? 0 : (served.get(socket) ?? 0);
    if (socket !== undefined) {
      opened.add(socket);
      if (kind === undefined) served.set(socket, before + 1);
    }
    if (kind !== undefined)
      return { sentAt: startedAt + sent, failedAt: startedAt + now(), kind, refused, answeredBefore: before };
    answeredAt.push(now());
    return undefined;
  };
  const sendAndRetry = async (what: LoadRequest, due: number): Promise<void> => {
    const failure = await send(what);
    samples.push({ due, took: failure === undefined ? now() - due : undefined });
    if (failure === undefined) return;
    failures.push(failure);
    if (retryAfter === undefined) return;
    await sleep(retryAfter);
    const second = await send(what);
    if (second !== undefined) lost.push(second);
  };

  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    for (; (sent * 1000) / rate <= now(); sent++) {
      const sending = sendAndRetry(requests[sent % requests.length] ?? first, (sent * 1000) / rate).finally(() =>
        pending.delete(sending),
      );
      pending.add(sending);
    }
    timer = setTimeout(tick, Math.max(0, (sent * 1000) / rate - now()));
  };
  tick();

  const report = (end: number): LoadReport => ({
    startedAt,
    sent: samples.length,
    failures: [...failures],
    lost: [...lost],
    opened: opened.size,
    kept: pool.size,
    ...summarize(samples, answeredAt, end),
  });
  const end = async (): Promise<LoadReport> => {
    // Requests that became due while this process was busy are still sent.
    clearTimeout(timer);
    tick();
    clearTimeout(timer);
    const stoppedAt = now();
    await Promise.all(pending);
    pool.close();
    return report(stoppedAt);
  };
  let ended: Promise<LoadReport> | undefined;
  return {
    answered: () => answeredAt.length,
    report: () => report(now()),
    recent(seconds) {
      const current = Math.floor(now() / 1000) * 1000;
      const [from, to] = [current - seconds * 1000, ended === undefined ? current : Infinity];
      return { startedAt, perSecond: bySecond(samples.filter(({ due }) => due >= from && due < to)) };
    },
    stop: () => (ended ??= end()),
  };
}

/** Sends loads while `work` runs, and for some milliseconds before and after it. */
export async function underLoad(
  all: readonly LoadOptions[],
  work: () => Promise<void>,
  { before = 2000, after = 2000 } = {},
): Promise<readonly LoadReport[]> {
  const loads = all.map(startLoad);
  try {
    await sleep(before);
    await work();
    await sleep(after);
  } finally {
    await Promise.all(loads.map((load) => load.stop()));
  }
  return Promise.all(loads.map((load) => load.stop()));
}
