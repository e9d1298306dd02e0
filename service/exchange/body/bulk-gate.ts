import { ServiceError } from '../../errors.ts';

const BULKY_BYTES = 64 * 1024;

/** Returns whether a body takes more than about a millisecond to decode and encode. */
export function isBulky(bytes: number): boolean {
  return bytes >= BULKY_BYTES;
}

/**
 * How many bytes may wait, whatever the time that they take: with their values and responses, they need several times
 * as much memory. A larger body is admitted alone.
 */
const MOST_PENDING_BYTES = 16 * 2 ** 20;
/** The share of a request's time that it may wait for its turns. */
const WAITING_SHARE = 0.25;
/** How much of the estimate a new measurement replaces. */
const WEIGHT = 0.2;

/** Whether somebody still waits for the response. */
interface Audience {
  readonly deadline: number;
  readonly abandoned: () => boolean;
}

/** One bulky request, from its admission to its response. */
export interface BulkyRequest {
  /**
   * Does a piece of work on the event loop, once it has its turn. Only one piece of bulky work is done in each turn of
   * the loop, so that probes and small requests get in between.
   *
   * @throws {ServiceError} `timeout` if nobody waits for the response any more
   */
  work<T>(audience: Audience, piece: () => T): Promise<T>;
  /** Frees its place. Call it once, whatever happened. */
  end(): void;
}

/**
 * Bounds the work that large bodies cause on the event loop. A body of a megabyte takes as long to decode as hundreds
 * of small requests: without a bound, many of them would wait for each other until all have run into their timeouts.
 */
export class BulkGate {
  #pendingBytes = 0;
  /** Measured; at first, what a fast machine needs. It includes the time for which a CPU limit stops the process. */
  #millisecondsPerByte = 2e-5;
  readonly #waiting: (() => void)[] = [];
  #scheduled = false;

  /**
   * Checks whether a bulky body would be admitted now. It takes a place only once it has arrived: clients that send
   * slowly would keep others out.
   *
   * @param remaining milliseconds until the request's deadline
   * @param refused called before it throws
   * @throws {ServiceError} `overloaded` if the work that is already waiting would take too much of that time
   */
  check(bytes: number, remaining: number, refused: () => void): void {
    const wait = this.#pendingBytes * this.#millisecondsPerByte;
    const full = this.#pendingBytes > 0 && this.#pendingBytes + bytes > MOST_PENDING_BYTES;
    if (full || wait > remaining * WAITING_SHARE) {
      refused();
      throw new ServiceError(
        'overloaded',
        `${Math.round(this.#pendingBytes / 1024)} KiB of large requests are waiting, which takes about ` +
          `${(wait / 1000).toFixed(1)} s. Send the request again later.`,
      );
    }
  }

  /** Admits a bulky body that has arrived. Parameters and errors are those of `check`. */
  admit(bytes: number, remaining: number, refused: () => void): BulkyRequest {
    this.check(bytes, remaining, refused);
    this.#pendingBytes += bytes;
    let milliseconds = 0;
    return {
      work: async ({ deadline, abandoned }, piece) => {
        await this.#turn();
        const started = performance.now();
        if (started >= deadline || abandoned())
          throw new ServiceError('timeout', 'The time for the request was over before its body was processed.');
        try {
          return piece();
        } finally {
          milliseconds += performance.now() - started;
        }
      },
      end: () => {
        this.#pendingBytes -= bytes;
        if (milliseconds > 0) this.#millisecondsPerByte += WEIGHT * (milliseconds / bytes - this.#millisecondsPerByte);
      },
    };
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }
}
