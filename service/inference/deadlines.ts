/** How late a request may notice that its deadline has passed, or that its client has left. */
const SWEEP_MS = 50;

/**
 * Calls a function regularly while there is work. One timer for all requests: a timer for each would cost more than
 * running a small model.
 */
export class Sweep {
  readonly #sweep: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  /** @param sweep returns whether there is work left */
  constructor(sweep: () => boolean) {
    this.#sweep = sweep;
  }

  /** Starts the timer unless it is running. */
  start(): void {
    this.#timer ??= setInterval(() => {
      if (!this.#sweep()) this.#stop();
    }, SWEEP_MS).unref();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
