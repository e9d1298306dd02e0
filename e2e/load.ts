import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadOptions {
  /** Gets a POST with the body, again and again. */
  readonly url: string;
  readonly body: string;
  /** Clients at the same time, each with one request in flight: a closed loop, so that the load is bounded. */
  readonly connections: number;
  /** `keep-alive`: each client stays on its connection while it lasts; `new`: a connection for each request. */
  readonly mode: 'keep-alive' | 'new';
  /** Whether the answer, parsed, is the right one. */
  readonly isRight: (answer: unknown) => boolean;
  /** Pause of each client between two requests, in milliseconds. @default 100 */
  readonly pause?: number;
  /** Each client sends a failed request once more, after so many milliseconds. @default it does not */
  readonly retryAfter?: number;
  /** Time for one answer, in milliseconds. @default 15000 */
  readonly timeout?: number;
}

export interface LoadFailure {
  /** Clock time, in milliseconds, at which the request was sent and at which it failed. */
  readonly sentAt: number;
  readonly failedAt: number;
  /** `ECONNRESET`, `503`, `wrong answer`, ... */
  readonly kind: string;
  /** Requests that this connection had answered before: 0 where it was never of use. */
  readonly answeredBefore: number;
}

export interface LoadReport {
  readonly requests: number;
  /** Connections that carried a request: with `keep-alive`, what exceeds the clients' number took the place of a lost one. */
  readonly opened: number;
  /** First attempts that failed. */
  readonly failures: readonly LoadFailure[];
  /** Second attempts that failed too; with `retryAfter` only. */
  readonly lost: readonly LoadFailure[];
  /** Milliseconds of the right answers: median, and what one of a hundred exceeds. */
  readonly p50: number;
  readonly p99: number;
}

export interface Load {
  /** Right answers so far. */
  readonly answered: () => number;
  /** Waits for the answers in flight. */
  stop(): Promise<LoadReport>;
}

/** Starts the clients. Whoever starts a load stops it, whatever happens: see `underLoad`. */
export function startLoad(options: LoadOptions): Load {
  const { connections, retryAfter, pause = 100 } = options;
  const stopped = new AbortController();
  const times: number[] = [];
  const failures: LoadFailure[] = [];
  const lost: LoadFailure[] = [];
  const opened = new Set<Socket>();
  let requests = 0;

  const client = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: options.mode === 'keep-alive', maxSockets: 1 });
    // Spread over one pause, so that they do not march in step.
    await wait((pause * index) / connections, stopped.signal);
    while (!stopped.signal.aborted) {
      requests += 1;
      const failure = await attempt(options, agent, times, opened);
      if (failure !== undefined) {
        failures.push(failure);
        if (retryAfter !== undefined) {
          await sleep(retryAfter);
          const second = await attempt(options, agent, times, opened);
          if (second !== undefined) lost.push(second);
        }
      }
      await wait(pause, stopped.signal);
    }
    agent.destroy();
  };
  const clients = Promise.all(Array.from({ length: connections }, (_, index) => client(index)));
  return {
    answered: () => times.length,
    async stop() {
      stopped.abort();
      await clients;
      const sorted = times.toSorted((a, b) => a - b);
      const quantile = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? NaN);
      return { requests, opened: opened.size, failures, lost, p50: quantile(0.5), p99: quantile(0.99) };
    },
  };
}

/** Loads while `work` runs, and a while before and after it, in milliseconds. */
export async function underLoad(all: readonly LoadOptions[], work: () => Promise<void>, { before = 2000, after = 2000 } = {}): Promise<readonly LoadReport[]> {
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

/** A report in one line, for the log of a test. */
export function inOneLine({ requests, failures, lost, p50, p99 }: LoadReport): string {
  const kinds = Map.groupBy(failures, ({ kind }) => kind);
  const list = [...kinds].map(([kind, of]) => `${kind} ${of.length}`).join(', ');
  return `${requests} requests, ${failures.length} failed${list === '' ? '' : ` (${list})`}, ${lost.length} failed twice, p50 ${p50} ms, p99 ${p99} ms`;
}

const answered = new WeakMap<Socket, number>();

/** One request. Undefined when it was answered rightly. */
async function attempt(options: LoadOptions, agent: Agent, times: number[], opened: Set<Socket>): Promise<LoadFailure | undefined> {
  const { url, body, isRight, timeout = 15_000 } = options;
  const sentAt = Date.now();
  let socket: Socket | undefined;
  const kind = await new Promise<string | undefined>((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers, timeout }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; });
      response.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message); });
      response.on('end', () => {
        if (response.statusCode !== 200) resolve(String(response.statusCode));
        else resolve(isRightText(text, isRight) ? undefined : 'wrong answer');
      });
    });
    sent.on('socket', (used) => {
      socket = used;
      opened.add(used);
    });
    sent.on('timeout', () => { sent.destroy(new Error(`no answer in ${timeout} ms`)); });
    sent.on('error', (error: NodeJS.ErrnoException) => { resolve(error.code ?? error.message); });
    sent.end(body);
  });
  const before = socket === undefined ? 0 : answered.get(socket) ?? 0;
  if (kind !== undefined) return { sentAt, failedAt: Date.now(), kind, answeredBefore: before };
  if (socket !== undefined) answered.set(socket, before + 1);
  times.push(Date.now() - sentAt);
  return undefined;
}

function isRightText(text: string, isRight: LoadOptions['isRight']): boolean {
  try {
    return isRight(JSON.parse(text));
  } catch {
    return false;
  }
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
