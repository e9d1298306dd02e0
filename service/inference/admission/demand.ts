/** How long requests count, in milliseconds: after this time, a third of their weight is left. */
const MEMORY_MS = 2000;
/** Overload: this many requests arrive for each that is served... */
const OVERLOAD = 1.5;
/** ...not counting those that arrive together once, such as the first ones of many clients... */
const BURST = 256;
/** ...and some have been refused for this long: a client that does not wait sends hundreds of requests meanwhile... */
const LASTING_MS = 200;
/** ...with pauses of at most this. */
const PAUSE_MS = 1000;
/**
 * After this time, more may wait again for a moment. If refused clients send again at once, it shows whether they would
 * all have a place. So few requests wait for long then that they are less than one in a hundred.
 */
const TRIAL_MS = 60_000;

/**
 * Compares how many requests arrive with how many are served. Clients that each wait for their response before they
 * send the next request fill a queue, but send no more than is served: they may wait. Requests that arrive much faster
 * than they are served would only make each other wait.
 *
 * All times are in milliseconds, as returned by `performance.now()`.
 */
export class Demand {
  #arrived = 0;
  #served = 0;
  #at = 0;
  #refusedSince = -Infinity;
  #refusedAt = -Infinity;

  accepted(now: number): void {
    this.#decay(now);
    this.#arrived++;
  }

  refused(now: number): void {
    this.#decay(now);
    this.#arrived++;
    if (now - this.#refusedAt > PAUSE_MS || now - this.#refusedSince > TRIAL_MS) this.#refusedSince = now;
    this.#refusedAt = now;
  }

  served(requests: number, now: number): void {
    this.#decay(now);
    this.#served += requests;
  }

  isOverload(now: number): boolean {
    this.#decay(now);
    const lasting = this.#refusedAt - this.#refusedSince >= LASTING_MS && now - this.#refusedAt <= PAUSE_MS;
    return lasting && this.#arrived > OVERLOAD * this.#served + BURST;
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
