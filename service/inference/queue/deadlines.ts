/**
 * Calls a function regularly while there is work. One timer for all requests: a timer for each would cost more than
 * running a small model.
 */
export class Sweep {
  readonly #milliseconds: number;
  readonly #sweep: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param milliseconds how late a deadline may be noticed
   * @param sweep returns whether there is work left
   */
  constructor(milliseconds: number, sweep: () => boolean) {
    this.#milliseconds = milliseconds;
    this.#sweep = sweep;
  }

  /** Starts the timer unless it is running. */
  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#sweep()) this.#stop();
    }, this.#milliseconds).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
