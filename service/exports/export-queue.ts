import type { Logger } from 'pino';

/** Why items were not exported: the queue was full, the receiver refused them, or the service ended. */
export type DropReason = 'queue-full' | 'refused' | 'shutdown';

/** Is told what becomes of items, such as for metrics. */
export interface ExportObserver {
  exported(count: number): void;
  dropped(count: number, reason: DropReason): void;
}

/** Sends items to a receiver. */
export interface Receiver<Item> {
  /** For the log: where they go, without credentials. */
  readonly name: string;
  /** @throws {ExportError} or another error, after which the items are sent again */
  send(items: readonly Item[], signal: AbortSignal): Promise<void>;
  /** Frees what it holds, such as connections. */
  close(): void;
}

/** The receiver does not accept these items, and will not if they are sent again. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

export interface ExportQueueOptions<Item> {
  /** What the items are, for the log: `traces`. */
  readonly what: string;
  readonly receiver: Receiver<Item>;
  readonly observer: ExportObserver;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** Returns how much of the queue an item takes. */
  readonly weightOf: (item: Item) => number;
  /** Returns how often an item counts in the metrics. @default 1 */
  readonly countOf?: (item: Item) => number;
  /** The most weight that waits or is being sent. */
  readonly most: number;
  /** The most weight that is sent at once; a batch has at least one item. */
  readonly batch: number;
  /** How long items wait for others, in milliseconds. */
  readonly delayMs: number;
  /** How long the receiver may take to accept a batch, in milliseconds. */
  readonly timeoutMs: number;
  /** How long to wait after the first failure, in milliseconds; twice as long after each further one. @default 1000 */
  readonly firstRetryMs?: number;
}

const LONGEST_RETRY_MS = 30_000;

/**
 * Collects items and sends them in batches, one batch after the other, so that requests never wait for a receiver. A
 * receiver that is down or does not respond costs a full queue, whose further items are dropped and counted, and one
 * line in the log.
 */
export class ExportQueue<Item> {
  readonly #options: ExportQueueOptions<Item>;
  readonly #stop = new AbortController();
  #items: Item[] = [];
  /** Of the items that wait, and of those that are being sent. */
  #weight = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #closing = false;
  #failing = false;
  /** Since the receiver began to fail. */
  #dropped = 0;
  #wake: (() => void) | undefined;

  constructor(options: ExportQueueOptions<Item>) {
    this.#options = options;
  }

  /** Returns whether there is no room for an item of that weight; then `drop` counts it without building it. */
  isFull(weight: number): boolean {
    return this.#weight + weight > this.#options.most;
  }

  add(item: Item): void {
    const weight = this.#options.weightOf(item);
    if (this.isFull(weight) || this.#closing) {
      this.drop(this.#count([item]), this.#closing ? 'shutdown' : 'queue-full');
      return;
    }
    this.#items.push(item);
    this.#weight += weight;
    if (this.#sending !== undefined) return;
    if (this.#weight >= this.#options.batch) this.#start();
    else
      this.#timer ??= setTimeout(() => {
        this.#start();
      }, this.#options.delayMs).unref();
  }

  drop(count: number, reason: DropReason): void {
    this.#dropped += count;
    this.#options.observer.dropped(count, reason);
  }

  /** Sends what waits, and then accepts nothing more. What is not sent in this time is dropped. */
  async close(milliseconds: number): Promise<void> {
    this.#closing = true;
    const deadline = setTimeout(() => {
      this.#stop.abort();
    }, milliseconds);
    this.#wake?.();
    this.#start();
    await this.#sending;
    clearTimeout(deadline);
    this.#options.receiver.close();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  async #sendAll(): Promise<void> {
    // The items of a turn of the event loop go together, and no request waits for their encoding.
    await new Promise(setImmediate);
    while (this.#items.length > 0) {
      const items = this.#take();
      await this.#send(items);
      this.#weight -= this.#weigh(items);
    }
  }

  #take(): readonly Item[] {
    const { weightOf, batch } = this.#options;
    let [count, weight] = [0, 0];
    for (const item of this.#items) {
      weight += weightOf(item);
      if (count > 0 && weight > batch) break;
      count++;
    }
    return this.#items.splice(0, count);
  }

  /** Sends a batch until it is accepted or refused. Once the queue closes, it is sent only once more. */
  async #send(items: readonly Item[]): Promise<void> {
    const { receiver, observer, timeoutMs, firstRetryMs = 1000 } = this.#options;
    for (let wait = firstRetryMs; ; wait = Math.min(2 * wait, LONGEST_RETRY_MS)) {
      const last = this.#closing;
      try {
        if (this.#stop.signal.aborted) throw new Error('the service ended');
        await receiver.send(items, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(timeoutMs)]));
        observer.exported(this.#count(items));
        this.#succeeded();
        return;
      } catch (error) {
        this.#failed(error);
        if (last || error instanceof ExportError) {
          this.drop(this.#count(items), error instanceof ExportError ? 'refused' : 'shutdown');
          return;
        }
      }
      if (!this.#closing) await this.#sleep(wait);
    }
  }

  #sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #failed(error: unknown): void {
    if (this.#failing) return;
    this.#failing = true;
    const { what, receiver, logger } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ receiver: receiver.name, reason }, `${what} cannot be exported: they are kept, then dropped`);
  }

  #succeeded(): void {
    const { what, receiver, logger } = this.#options;
    if (this.#failing) logger.info({ receiver: receiver.name, dropped: this.#dropped }, `${what} are exported again`);
    this.#failing = false;
    this.#dropped = 0;
  }

  #weigh(items: readonly Item[]): number {
    return items.reduce((sum, item) => sum + this.#options.weightOf(item), 0);
  }

  #count(items: readonly Item[]): number {
    const { countOf = () => 1 } = this.#options;
    return items.reduce((sum, item) => sum + countOf(item), 0);
  }
}
