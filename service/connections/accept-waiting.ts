import type { Server } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

/** Clients that never cease to connect must not keep the listener open. */
const MOST_MS = 1000;

/**
 * Accepts the connections that the operating system has already accepted for a server: it resets them when the listener
 * closes. There are some if the process could not run for a while, and each turn of the event loop accepts one.
 */
export async function acceptWaiting(server: Server): Promise<void> {
  let accepted = true;
  const onConnection = (): void => {
    accepted = true;
  };
  server.on('connection', onConnection);
  for (const deadline = performance.now() + MOST_MS; accepted && performance.now() < deadline;) {
    accepted = false;
    await turn();
  }
  server.off('connection', onConnection);
}
