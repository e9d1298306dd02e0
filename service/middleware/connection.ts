import type { Context } from 'hono';

interface Connection {
  readonly incoming?: { readonly socket: { readonly writableEnded: boolean; destroy(): void } };
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

/** Ends the connection of a request. */
export function disconnect(c: Context): void {
  (c.env as Connection | undefined)?.incoming?.socket.destroy();
}
