/**
 * - `serving`
 * - `draining`: SIGTERM came; endpoints still send new connections here, so they are accepted, but told to close
 * - `closing`: the listener is closed; what arrives on open connections is served
 * - `closed`: the grace period is over; what still arrives is refused
 */
export type Phase = 'serving' | 'draining' | 'closing' | 'closed';

/** Where the process is in its life; the routes read it, `main.ts` advances it. */
export class Lifecycle {
  #phase: Phase = 'serving';

  get phase(): Phase {
    return this.#phase;
  }

  advance(phase: Phase): void {
    this.#phase = phase;
  }
}
