/** Timers with more milliseconds, such as Infinity, would fire at once. */
const longestTimer = 2 ** 31 - 1;

/** Combines the end of a call's time and the caller's signals into one signal. */
export class Deadline {
  /** The signal's reason if the time is over. */
  readonly over = new Error('The time is over.');
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #end: number;
  readonly #signals: readonly AbortSignal[];

  /**
   * Listens to the signals itself: AbortSignal.any would keep memory for every call as long as a signal of the whole
   * program lives.
   */
  constructor(milliseconds: number, signals: readonly (AbortSignal | undefined)[]) {
    this.#signals = signals.filter((signal) => signal !== undefined);
    this.#end = performance.now() + milliseconds;
    this.#timer = setTimeout(
      () => {
        this.#controller.abort(this.over);
      },
      Math.min(milliseconds, longestTimer),
    );
    for (const signal of this.#signals) signal.addEventListener('abort', this.#abort);
    this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds until the time is over. */
  get left(): number {
    return this.#end - performance.now();
  }

  /** Whole milliseconds until the time is over, at least 1. Undefined if it is so long that there is no timer. */
  get wholeMilliseconds(): number | undefined {
    return this.left > longestTimer ? undefined : Math.max(1, Math.ceil(this.left));
  }

  /** @throws the reason of the signal that aborted, or `over` */
  throwIfOver(): void {
    this.signal.throwIfAborted();
  }

  /** Resolves with a value, or rejects when the time is over or a signal aborts. */
  async wait<Value>(value: Value | Promise<Value>): Promise<Value> {
    let abort: () => void = () => undefined;
    const over = new Promise<never>((_, reject) => {
      abort = () => {
        reject(this.signal.reason as Error);
      };
      this.signal.addEventListener('abort', abort);
    });
    try {
      return await Promise.race([value, over]);
    } finally {
      this.signal.removeEventListener('abort', abort);
    }
  }

  clear(): void {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => {
    const aborted = this.#signals.find((signal) => signal.aborted);
    if (aborted) this.#controller.abort(aborted.reason);
  };
}

/** Resolves after some milliseconds, 25 days at most, or earlier if the signal aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, longestTimer));
    signal.addEventListener('abort', done);
  });
}
