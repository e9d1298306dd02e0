import type { IncomingMessage } from 'node:http';
import type { Context } from 'hono';

interface Connection {
  readonly incoming?: IncomingMessage;
  readonly outgoing?: { readonly destroyed: boolean };
}

/**
 * Returns whether the client has closed its side of the connection: Node then ends the other, but does not destroy the
 * response. Without a socket, as in some tests, nobody can leave.
 */
export function hasLeft(c: Context): boolean {
  const { incoming, outgoing } = (c.env as Connection | undefined) ?? {};
  return incoming?.socket.writableEnded === true || outgoing?.destroyed === true;
}

/** Returns the request of Node's server; undefined without a socket. */
export function incomingOf(c: Context): IncomingMessage | undefined {
  return (c.env as Connection | undefined)?.incoming;
}

/** Ends the connection of a request. */
export function disconnect(c: Context): void {
  incomingOf(c)?.socket.destroy();
}
