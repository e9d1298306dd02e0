import type { Logger } from 'pino';
import type { ShadowConfig } from '../config/shadow-config.ts';
import type { ShadowMetrics } from '../metrics/shadow-metrics.ts';
import { readText } from '../response-text.ts';
import { firstDifference } from './first-difference.ts';

/** A request that this service has answered. */
export interface Copy {
  readonly path: string;
  readonly model: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  /** The response of this service. */
  readonly response: string;
}

/** The largest body and the largest response that are kept until the shadow has responded. */
export const MOST_COPIED_BYTES = 64 * 1024;
/** Those that wait, and those that are being sent. With the above, they take at most 8 MiB. */
const MOST_COPIES = 64;
const MOST_SENT_AT_ONCE = 4;
/** Differences come in thousands. The metrics count them all. */
const LOG_PAUSE_MILLISECONDS = 1000;

/**
 * Sends copies of requests to a shadow, and compares its responses with those that this service has sent. It never
 * delays a request of a client: copies wait in a bounded queue, and are dropped if the shadow is too slow, or if the
 * service ends.
 */
export class Shadow {
  readonly #options: ShadowConfig;
  readonly #timeoutMilliseconds: number;
  readonly #metrics: ShadowMetrics;
  readonly #logger: Logger;
  readonly #waiting: Copy[] = [];
  readonly #stop = new AbortController();
  #sent = 0;
  #loggedAt = -Infinity;
  #unlogged = 0;

  constructor(
    options: ShadowConfig,
    {
      metrics,
      logger,
      requestTimeoutSeconds,
    }: {
      readonly metrics: ShadowMetrics;
      readonly logger: Logger;
      readonly requestTimeoutSeconds: number;
    },
  ) {
    this.#options = options;
    this.#metrics = metrics;
    this.#logger = logger;
    this.#timeoutMilliseconds = requestTimeoutSeconds * 1000;
  }

  /** Returns whether to copy the next request. */
  samples(): boolean {
    return Math.random() < this.#options.sample;
  }

  /** Sends a copy once the response has been written, or drops it. */
  add(copy: Copy): void {
    const isFull = this.#waiting.length + this.#sent >= MOST_COPIES;
    if (isFull || this.#stop.signal.aborted || copy.response.length > MOST_COPIED_BYTES) {
      this.drop(copy.model);
      return;
    }
    this.#waiting.push(copy);
    setImmediate(() => {
      this.#next();
    });
  }

  /** Counts a request that was not copied although it was sampled. */
  drop(model: string): void {
    this.#metrics.count(model, 'dropped');
  }

  /** Drops what waits and what is being sent, which would keep the process running. */
  close(): void {
    this.#stop.abort();
    for (const { model } of this.#waiting.splice(0)) this.drop(model);
  }

  #next(): void {
    while (this.#sent < MOST_SENT_AT_ONCE) {
      const copy = this.#waiting.shift();
      if (copy === undefined) return;
      this.#sent++;
      void this.#compare(copy).finally(() => {
        this.#sent--;
        this.#next();
      });
    }
  }

  async #compare(copy: Copy): Promise<void> {
    const { model, headers } = copy;
    const about = { model, ...(headers['x-request-id'] !== undefined && { request_id: headers['x-request-id'] }) };
    try {
      const answer = await this.#send(copy);
      const difference = firstDifference(JSON.parse(copy.response), answer, this.#options.tolerance);
      this.#metrics.count(model, difference === undefined ? 'same' : 'different');
      if (difference !== undefined) this.#log({ ...about, ...difference }, 'the shadow predicts differently');
    } catch (error) {
      if (this.#stop.signal.aborted) {
        this.drop(model);
        return;
      }
      this.#metrics.count(model, 'failed');
      this.#log({ ...about, reason: reasonOf(error) }, 'the shadow does not predict');
    }
  }

  async #send({ path, body, headers }: Copy): Promise<unknown> {
    const response = await fetch(`${this.#options.url}${path}`, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(this.#timeoutMilliseconds)]),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`status ${response.status}`);
    }
    // Those that it is compared with have no more.
    const tooLarge = `its response is larger than ${MOST_COPIED_BYTES} bytes`;
    return JSON.parse(await readText(response, MOST_COPIED_BYTES, tooLarge)) as unknown;
  }

  #log(fields: object, message: string): void {
    const now = performance.now();
    if (now - this.#loggedAt < LOG_PAUSE_MILLISECONDS) {
      this.#unlogged++;
      return;
    }
    this.#logger.warn({ ...fields, ...(this.#unlogged > 0 && { not_logged: this.#unlogged }) }, message);
    this.#loggedAt = now;
    this.#unlogged = 0;
  }
}

/** `fetch` says only that it failed. Its cause says why. */
const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error;
  return cause instanceof Error ? cause.message : message;
};
