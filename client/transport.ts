import type { Issue } from '../service/contract/api.ts';
import { requestHeaders } from '../service/contract/endpoints.ts';
import { problemCode } from '../service/contract/problem-codes.ts';
import { Deadline, pause } from './deadline.ts';
import { ServiceProblem, TimedOut, UnexpectedResponse, Unreachable, type RhizomeError } from './errors.ts';
import { parseJson } from './json.ts';
import { parseRetryAfter, retryDelay } from './retry.ts';

export interface ClientOptions {
  /** The service's base URL, such as `http://localhost:8080`. A path in it becomes a prefix of all paths. */
  readonly url: string;
  /**
   * The API key or the token, sent as `Authorization: Bearer …`. A function is called before each request, also before
   * a repeated one, so that it can renew a token that expires.
   * @default no such header
   */
  readonly apiKey?: string | (() => string | Promise<string>);
  /**
   * How long a call may take in all, with its retries, in milliseconds. `Infinity` is no limit. Each request tells the
   * service how much time is left, so that it drops a request that nobody waits for anymore.
   * @default 30000
   */
  readonly timeout?: number;
  /**
   * How often a call is retried if the connection fails, or if the service responds with a 503 and `Retry-After`. 0
   * turns retries off; with `Infinity` only `timeout` ends them.
   * @default 3
   */
  readonly retries?: number;
  /**
   * Whether to ask for compressed responses, which only pays over slow networks. Browsers always ask for them.
   * @default false
   */
  readonly compressed?: boolean;
  /** Replaces the global `fetch`, for tests or proxies, for example. @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch;
  /** Aborts all calls of the client. @default none */
  readonly signal?: AbortSignal;
}

export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. @default none */
  readonly signal?: AbortSignal;
  /** How long this call may take in all, in milliseconds. @default the client's `timeout` */
  readonly timeout?: number;
  /** How often this call is retried. @default the client's `retries` */
  readonly retries?: number;
}

export interface ServiceRequest {
  /** Begins with a slash. */
  readonly path: string;
  /** Sent with POST. Without a body the method is GET. */
  readonly body?: NonNullable<RequestInit['body']>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Statuses other than 2xx that are results too, neither errors nor retried. */
  readonly accept?: readonly number[];
}

export interface ServiceResponse {
  readonly status: number;
  readonly headers: Headers;
  // Not Uint8Array<ArrayBuffer>: before TypeScript 5.7, the type is not generic.
  readonly bytes: Uint8Array;
}

/** Sends one request, again if it fails in a way that `retryDelay` allows for, until the call's time is over. */
export type Transport = (request: ServiceRequest, options: CallOptions | undefined) => Promise<ServiceResponse>;

/** @throws {TypeError} if the URL is not valid */
export function createTransport({
  url,
  apiKey,
  timeout: defaultTimeout = 30_000,
  retries: defaultRetries = 3,
  compressed = false,
  fetch = globalThis.fetch,
  signal: clientSignal,
}: ClientOptions): Transport {
  const { location } = globalThis as { readonly location?: { readonly href: string } };
  if (!URL.canParse(url, location?.href))
    throw new TypeError(`"${url}" is not a valid URL. Expected one such as http://localhost:8080.`);
  const base = url.replace(/\/+$/, '');

  /** Returns the error, rather than throw it, if another attempt may succeed. */
  async function attempt(
    { path, body, headers, accept = [] }: ServiceRequest,
    deadline: Deadline,
  ): Promise<ServiceResponse | RhizomeError> {
    const address = `${base}${path}`;
    // What the function throws is the caller's own error, and not a connection that failed.
    const key = typeof apiKey === 'function' ? await deadline.wait(apiKey()) : apiKey;
    const milliseconds = deadline.wholeMilliseconds;
    let received: ServiceResponse;
    try {
      const response = await fetch(address, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          ...headers,
          ...(milliseconds !== undefined && { [requestHeaders.timeout]: String(milliseconds) }),
          // Without this header, fetch asks for compressed responses.
          ...(!compressed && { 'accept-encoding': 'identity' }),
          ...(key !== undefined && { authorization: `Bearer ${key}` }),
        },
        ...(body !== undefined && { body }),
        signal: deadline.signal,
      });
      received = {
        status: response.status,
        headers: response.headers,
        bytes: new Uint8Array(await response.arrayBuffer()),
      };
    } catch (cause) {
      return new Unreachable(address, cause);
    }
    const { status } = received;
    return (status >= 200 && status < 300) || accept.includes(status) ? received : problemOf(received);
  }

  return async (request, { signal, timeout = defaultTimeout, retries = defaultRetries } = {}) => {
    const deadline = new Deadline(timeout, [clientSignal, signal]);
    let last: RhizomeError | undefined;
    try {
      for (let failures = 1; ; failures++) {
        const outcome = await attempt(request, deadline);
        if (!(outcome instanceof Error)) return outcome;
        // If the time is over or the caller aborted, fetch's own error says only that it was stopped.
        deadline.throwIfOver();
        last = outcome;
        const delay = retryDelay(last, failures);
        // Waiting longer than the call may take would only hide why it failed.
        if (delay === undefined || failures > retries || delay >= deadline.left) throw last;
        await pause(delay, deadline.signal);
        deadline.throwIfOver();
      }
    } catch (error) {
      throw error === deadline.over ? new TimedOut(`${base}${request.path}`, timeout, last) : error;
    } finally {
      deadline.clear();
    }
  };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Parses a response's body. @throws {UnexpectedResponse} if it is not JSON */
export function readJson(bytes: Uint8Array): unknown {
  try {
    return parseJson(text(bytes));
  } catch (cause) {
    throw new UnexpectedResponse(`The response is not JSON: ${excerpt(bytes)}. Is the URL that of the service?`, {
      cause,
    });
  }
}

const excerpt = (bytes: Uint8Array): string => JSON.stringify(text(bytes.subarray(0, 200)));

/** Reads a problem (RFC 9457), the Open Inference Protocol's `{"error": …}`, or whatever a proxy wrote. */
function problemOf({ status, headers, bytes }: ServiceResponse): ServiceProblem {
  let body: {
    readonly type?: string;
    readonly title?: string;
    readonly detail?: string;
    readonly errors?: readonly Issue[];
    readonly error?: string;
  };
  try {
    body = Object(parseJson(text(bytes))) as typeof body;
  } catch {
    body = { detail: bytes.length === 0 ? '' : excerpt(bytes) };
  }
  return new ServiceProblem(status, {
    code: problemCode(body.type),
    title: body.title ?? '',
    detail: body.detail ?? body.error ?? '',
    errors: body.errors ?? [],
    requestId: headers.get('x-request-id') ?? undefined,
    retryAfter: parseRetryAfter(headers.get('retry-after')),
  });
}
