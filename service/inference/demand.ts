/** How long requests count, in milliseconds: after this time, a third of their weight is left. */
const MEMORY_MS = 2000;
/** Overload: this many requests arrive for each that is served... */
const OVERLOAD = 1.5;
/** ...not counting those that arrive together once, such as the first ones of many clients. */
const BURST = 256;

/**
 * Compares how many requests arrive with how many are served. Clients that each wait for their response before they
 * send the next request fill a queue, but send no more than is served: they may wait. Requests that arrive much faster
 * than they are served would only make each other wait.
 */
export class Demand {
  #arrived = 0;
  #served = 0;
  #at = 0;

  /** A request arrived, and was accepted or refused. @param now as returned by `performance.now()`, in milliseconds */
  arrived(now: number): void {
    this.#decay(now);
    this.#arrived++;
  }

  served(requests: number, now: number): void {
    this.#decay(now);
    this.#served += requests;
  }

  isOverload(now: number): boolean {
    this.#decay(now);
    return this.#arrived > OVERLOAD * this.#served + BURST;
  }

  #decay(now: number): void {
    const elapsed = now - this.#at;
    if (elapsed < 10) return;
    const left = Math.exp(-elapsed / MEMORY_MS);
    this.#arrived *= left;
    this.#served *= left;
    this.#at = now;
  }
}
