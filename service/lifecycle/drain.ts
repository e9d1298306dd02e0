import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Lifecycle } from './lifecycle.ts';

/** The part of the grace period that is reserved for sending the last responses and for exiting. */
const EXIT_SECONDS = 1;

/** How long the management port has for the responses in progress once everything else has ended. */
const MANAGEMENT_SECONDS = 0.5;

/** A server on a port. */
export interface Listener {
  readonly url: string;
  /** Tells clients to use another replica. Connections, including new ones, are still served. */
  dismiss(): void;
  /** Accepts no new connections. Resolves when the last one has ended by itself. */
  close(): Promise<void>;
  /** Ends the remaining connections or calls, and returns how many there were. */
  cut(): Promise<number>;
}

/**
 * Shuts the listeners down without interrupting a request. They accept connections during the drain delay, because
 * Kubernetes sends SIGTERM while it still removes the pod from its endpoints. Then they close, and serve requests on
 * open connections until shortly before the end of the grace period.
 *
 * @param management closes last, so that probes and scrapes see the whole drain
 * @returns the number of connections or calls that had to be interrupted at the end
 */
export async function drain(
  listeners: readonly Listener[],
  lifecycle: Lifecycle,
  { drainDelaySeconds, gracePeriodSeconds }: Config,
  management?: Listener,
): Promise<number> {
  const deadline = performance.now() + (gracePeriodSeconds - EXIT_SECONDS) * 1000;
  const cut = await drainPublic(listeners, lifecycle, drainDelaySeconds, deadline);
  if (management !== undefined) {
    await Promise.race([management.close(), delay(MANAGEMENT_SECONDS * 1000, undefined, { ref: false })]);
    await management.cut();
  }
  return cut;
}

async function drainPublic(
  listeners: readonly Listener[],
  lifecycle: Lifecycle,
  drainDelaySeconds: number,
  deadline: number,
): Promise<number> {
  lifecycle.advance('draining');
  for (const listener of listeners) listener.dismiss();
  await delay(drainDelaySeconds * 1000);

  lifecycle.advance('closing');
  const closed = Promise.all(listeners.map((listener) => listener.close()));
  if (
    await Promise.race([
      closed.then(() => true),
      delay(Math.max(0, deadline - performance.now()), false, { ref: false }),
    ])
  )
    return 0;

  lifecycle.advance('closed');
  const cut = await Promise.all(listeners.map((listener) => listener.cut()));
  return cut.reduce((sum, count) => sum + count, 0);
}
