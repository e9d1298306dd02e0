import type { Issue } from '../service/contract/api.ts';
import { Deadline, pause } from './deadline.ts';
import { ServiceProblem, TimedOut, UnexpectedAnswer, Unreachable, type RhizomeError } from './errors.ts';
import { parseJson } from './json.ts';

export interface ClientOptions {
  /** Where the service is, as `http://localhost:8080`; what it is mounted below stays in front of the paths. */
  readonly url: string;
  /** Sent as `Authorization: Bearer …`. */
  readonly apiKey?: string;
  /** Milliseconds that a call may take, with its retries. @default 30000 */
  readonly timeout?: number;
  /** How often a call is tried again after a 503, or where no connection could be made or it broke. @default 3 */
  readonly retries?: number;
  /** @default the global one */
  readonly fetch?: typeof globalThis.fetch;
  /** Aborts every call of the client. */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** @default the client's */
  readonly timeout?: number;
}

export interface Request {
  readonly path: string;
  /** What is posted; GET where there is none. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses besides success that are an answer: they are neither errors nor tried again. */
  readonly accept?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One call: attempts until there is an answer, an error that would be the same again, or no time. */
export type Transport = (request: Request, options: CallOptions | undefined) => Promise<Answer>;

/** @throws TypeError where the URL is none */
export function createTransport({
  url,
  apiKey,
  timeout: defaultTimeout = 30_000,
  retries = 3,
  fetch = globalThis.fetch,
  signal: all,
}: ClientOptions): Transport {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  if (!URL.canParse(url, location?.href))
    throw new TypeError(`"${url}" is no URL: expected one as http://localhost:8080.`);
  const base = url.replace(/\/+$/, '');

  async function attempt({ path, body, headers, accept = [] }: Request, signal: AbortSignal): Promise<Answer | Failed> {
    const address = `${base}${path}`;
    let answer: Answer;
    try {
      const response = await fetch(address, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }) },
        ...(body !== undefined && { body }),
        signal,
      });
      answer = {
        status: response.status,
        headers: response.headers,
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    } catch (cause) {
      return { error: new Unreachable(address, cause), again: true };
    }
    const { status } = answer;
    if ((status >= 200 && status < 300) || accept.includes(status)) return answer;
    return { error: problemOf(answer), again: status === 503, after: retryAfter(answer.headers) };
  }

  return async (request, { signal, timeout = defaultTimeout } = {}) => {
    const deadline = new Deadline(timeout, [all, signal]);
    let last: RhizomeError | undefined;
    try {
      for (let failures = 0; ; failures++) {
        const outcome = await attempt(request, deadline.signal);
        if (!('error' in outcome)) return outcome;
        // fetch's own error then says no more than that it was stopped.
        deadline.throwIfOver();
        last = outcome.error;
        const wait = outcome.after ?? backoff(failures);
        // To wait for what cannot come in time would only hide why it failed.
        if (!outcome.again || failures >= retries || wait >= deadline.left) throw last;
        await pause(wait, deadline.signal);
        deadline.throwIfOver();
      }
    } catch (error) {
      throw error === deadline.over ? new TimedOut(`${base}${request.path}`, timeout, last) : error;
    } finally {
      deadline.clear();
    }
  };
}

interface Failed {
  readonly error: RhizomeError;
  readonly again: boolean;
  /** Milliseconds to wait, where the service says. */
  readonly after?: number | undefined;
}

/** Milliseconds: up to 0.1 s, 0.2 s, … 2 s, by chance, so that clients that failed together do not come back together. */
const backoff = (failures: number): number => Math.min(2000, 100 * 2 ** failures) * Math.random();

/** In milliseconds. The header has seconds, or a date (RFC 9110). */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after') ?? '';
  const milliseconds = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The JSON of an answer. @throws UnexpectedAnswer where it is none */
export function json(bytes: Uint8Array): unknown {
  try {
    return parseJson(text(bytes));
  } catch (cause) {
    throw new UnexpectedAnswer(`The answer is not JSON: ${excerpt(bytes)}. Does the URL lead to the service?`, {
      cause,
    });
  }
}

const excerpt = (bytes: Uint8Array): string => JSON.stringify(text(bytes.subarray(0, 200)));

/** From a problem (RFC 9457), the Open Inference Protocol's `{"error": …}`, or whatever a proxy wrote. */
function problemOf({ status, headers, bytes }: Answer): ServiceProblem {
  let body: {
    readonly type?: string;
    readonly title?: string;
    readonly detail?: string;
    readonly errors?: readonly Issue[];
    readonly error?: string;
  };
  try {
    body = Object(JSON.parse(text(bytes))) as typeof body;
  } catch {
    body = { detail: bytes.length === 0 ? '' : excerpt(bytes) };
  }
  return new ServiceProblem(status, {
    code: /^urn:problem-type:rhizome:(.+)$/.exec(body.type ?? '')?.[1],
    title: body.title ?? '',
    detail: body.detail ?? body.error ?? '',
    errors: body.errors ?? [],
    requestId: headers.get('x-request-id') ?? undefined,
  });
}
