/**
 * The phases of the process:
 *
 * - `serving`
 * - `draining`: SIGTERM has arrived. The cluster still sends new connections, so they are accepted, but each response
 *   tells its client to close the connection.
 * - `closing`: the listeners are closed. Requests on open connections are still served.
 * - `closed`: the grace period is over. Further requests are rejected.
 */
export type Phase = 'serving' | 'draining' | 'closing' | 'closed';

/** Holds the current phase. The drain advances it; routes and middleware read it. */
export class Lifecycle {
  #phase: Phase = 'serving';

  get phase(): Phase {
    return this.#phase;
  }

  advance(phase: Phase): void {
    this.#phase = phase;
  }
}
