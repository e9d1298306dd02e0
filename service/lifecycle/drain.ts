import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Kept of the grace period for the last answers to be sent and for exiting. */
const EXIT_SECONDS = 1;

/** What takes requests on a port. */
export interface Listener {
  readonly url: string;
  /** Has clients look for another replica; connections, new ones too, are still served. */
  dismiss(): void;
  /** Takes no new connection. Resolves once the last one has ended, in its own time. */
  close(): Promise<void>;
  /** Ends what is left. Returns how many connections or calls that was. */
  cut(): Promise<number>;
}

/**
 * Ends the listeners without cutting off a request: they accept for the drain delay, since endpoints are withdrawn while
 * SIGTERM is already here; then they close, and serve what still arrives on open connections until the grace period is
 * nearly over.
 *
 * @returns how many connections or calls had to be cut at the end.
 */
export async function drain(
  listeners: readonly Listener[],
  lifecycle: Lifecycle,
  { drainDelaySeconds, gracePeriodSeconds }: Config,
): Promise<number> {
  const deadline = performance.now() + (gracePeriodSeconds - EXIT_SECONDS) * 1000;
  lifecycle.advance('draining');
  for (const listener of listeners) listener.dismiss();
  await delay(drainDelaySeconds * 1000);

  lifecycle.advance('closing');
  const closed = Promise.all(listeners.map((listener) => listener.close()));
  if (await Promise.race([closed.then(() => true), delay(deadline - performance.now(), false, { ref: false })]))
    return 0;

  lifecycle.advance('closed');
  const cut = await Promise.all(listeners.map((listener) => listener.cut()));
  return cut.reduce((sum, count) => sum + count, 0);
}
