const firstSeconds = 10;
const longestSeconds = 300;
const resetSeconds = 600;

/**
 * How long a container waits before it restarts, as in the kubelet: not at all the first time, then 10 s, doubled up to
 * 5 minutes, and reset once it has run for 10 minutes.
 */
export class RestartBackoff {
  #seconds = 0;

  /** Returns the seconds to wait after a container exited. @param ranSeconds how long it ran */
  next(ranSeconds: number): number {
    if (ranSeconds >= resetSeconds) this.#seconds = 0;
    const seconds = this.#seconds;
    this.#seconds = seconds === 0 ? firstSeconds : Math.min(seconds * 2, longestSeconds);
    return seconds;
  }
}
