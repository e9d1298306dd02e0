import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import type { InFlightBytes } from '../connections/in-flight-bytes.ts';
import { tooLarge } from '../exchange/body-length.ts';
import { disconnect } from './connection.ts';

/**
 * Rejects a body over the limit before all of it is read, and bodies for which there is no memory. If Content-Length is
 * declared, that is enough, since Node enforces it. Only a body without it is counted as it streams, because reading
 * the stream makes each request slower.
 */
export function bodyLimit(maxBytes: number, memory: InFlightBytes): MiddlewareHandler {
  const onError = (): never => {
    throw tooLarge(maxBytes);
  };
  const counted = honoBodyLimit({ maxSize: maxBytes, onError });
  return async (c, next) => {
    const declared = c.req.header('Content-Length');
    const chunked = c.req.header('Transfer-Encoding') !== undefined;
    // Without either, a request has no body, except in tests without a socket.
    if (declared === undefined && !chunked) return counted(c, next);
    const bytes = chunked ? maxBytes : Number(declared);
    if (bytes > maxBytes) onError();
    const reservation = memory.reserve(bytes, {
      giveWay: () => {
        disconnect(c);
      },
    });
    c.set('bodyMemory', reservation);
    try {
      await (chunked ? counted(c, next) : next());
    } finally {
      reservation.release();
    }
  };
}
