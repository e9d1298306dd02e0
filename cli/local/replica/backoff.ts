const firstSeconds = 10;
const longestSeconds = 300;
const resetSeconds = 600;

/**
 * How long a container waits before it is started again, as the kubelet does it: the first time not at all, then 10 s,
 * doubling to 5 minutes; all forgotten once it has run for 10 minutes.
 */
export class RestartBackoff {
  #seconds = 0;

  /** Seconds to wait after the end of a container that ran for so many seconds. */
  next(ranSeconds: number): number {
    if (ranSeconds >= resetSeconds) this.#seconds = 0;
    const seconds = this.#seconds;
    this.#seconds = seconds === 0 ? firstSeconds : Math.min(seconds * 2, longestSeconds);
    return seconds;
  }
}
