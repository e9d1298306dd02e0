import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { attempt, type LoadRequest } from './attempt.ts';
import { freshPool, inTurn, keptPool, type Pool } from './pool.ts';
import { summarize, type LoadFailure, type LoadReport, type Sample } from './report.ts';

export const connectionKinds = ['new', 'keep-alive', 'both'] as const;
export type Connections = (typeof connectionKinds)[number];

export interface LoadOptions {
  /** Where requests are POSTed to that do not say otherwise, with its path; all go to one host and port. */
  readonly url: string;
  /** Sent in turn; at least one. */
  readonly requests: readonly LoadRequest[];
  /** Requests a second. An open loop: one is sent when it is due, whether or not those before it were answered. */
  readonly rate: number;
  /** `new`: a connection for each request; `keep-alive`: see `pool`; `both`: in turn. */
  readonly connections: Connections;
  /**
   * With `keep-alive`: connections that the first requests open; each later one takes the one that was idle longest, or
   * opens one more where all are busy.
   * @default 20
   */
  readonly pool?: number;
  /** Milliseconds for one answer. @default 10000 */
  readonly timeout?: number;
  /** A failed request is sent once more, after so many milliseconds. @default it is not */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Load {
  /** Right answers so far. */
  answered(): number;
  /** As if it ended now; what is on its way is in none of its numbers. */
  report(): LoadReport;
  /** Sends nothing new, waits for what is on its way, and reports. Can be called again. */
  stop(): Promise<LoadReport>;
}

/**
 * Starts to send. @throws RangeError for options that make no load
 *
 * Times count from the moment at which a request was due, so that a server (or this process) that stalls
 * is not spared the requests that it keeps waiting. Whoever starts a load stops it, whatever happens: see `underLoad`.
 */
export function startLoad(options: LoadOptions): Load {
  const { url, requests, rate, connections, timeout = 10_000, retryAfter, headers = {} } = options;
  const wrong = [url, ...requests.map((each) => each.url ?? url)].find((each) => !URL.canParse(each));
  if (wrong !== undefined) throw new RangeError(`${wrong} is no URL.`);
  if (!(rate > 0)) throw new RangeError(`A load of ${rate} requests a second is none.`);
  const [first] = requests;
  if (first === undefined) throw new RangeError('A load needs at least one request.');
  const kept = (): Pool => keptPool(url, options.pool ?? 20);
  const pool = { new: () => freshPool, 'keep-alive': kept, both: () => inTurn(kept(), freshPool) }[connections]();
  const samples: Sample[] = [];
  const answeredAt: number[] = [];
  const failures: LoadFailure[] = [];
  const lost: LoadFailure[] = [];
  const opened = new Set<Socket>();
  const answers = new WeakMap<Socket, number>();
  const onTheirWay = new Set<Promise<void>>();
  const [startedAt, startedOn] = [Date.now(), performance.now()];
  /** Milliseconds since the start: of a clock that nobody sets. */
  const now = (): number => performance.now() - startedOn;

  /** One attempt, over a connection that is free. Undefined where the answer was right. */
  const send = async (what: LoadRequest): Promise<LoadFailure | undefined> => {
    const sent = now();
    const agent = pool.take();
    const { kind, socket } = await attempt(what, { url: what.url ?? url, agent, headers, timeout });
    pool.release(agent);
    const before = socket === undefined ? 0 : (answers.get(socket) ?? 0);
    if (socket !== undefined) {
      opened.add(socket);
      if (kind === undefined) answers.set(socket, before + 1);
    }
    if (kind !== undefined)
      return { sentAt: startedAt + sent, failedAt: startedAt + now(), kind, answeredBefore: before };
    answeredAt.push(now());
    return undefined;
  };
  const serve = async (what: LoadRequest, due: number): Promise<void> => {
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
      const served = serve(requests[sent % requests.length] ?? first, (sent * 1000) / rate).finally(() =>
        onTheirWay.delete(served),
      );
      onTheirWay.add(served);
    }
    timer = setTimeout(tick, Math.max(0, (sent * 1000) / rate - now()));
  };
  tick();

  const report = (end: number): LoadReport => ({
    sent: samples.length,
    failures: [...failures],
    lost: [...lost],
    opened: opened.size,
    kept: pool.size,
    ...summarize(samples, answeredAt, end),
  });
  const end = async (): Promise<LoadReport> => {
    // What was due while this process was busy is still sent.
    clearTimeout(timer);
    tick();
    clearTimeout(timer);
    const stoppedAt = now();
    await Promise.all(onTheirWay);
    pool.close();
    return report(stoppedAt);
  };
  let ended: Promise<LoadReport> | undefined;
  return {
    answered: () => answeredAt.length,
    report: () => report(now()),
    stop: () => (ended ??= end()),
  };
}

/** Loads while `work` runs, and a while before and after it, in milliseconds. */
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
