import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import type { InFlightBytes } from '../connections/in-flight-bytes.ts';
import { tooLarge } from '../exchange/body-length.ts';
import { UNDECLARED_BYTES } from '../exchange/exchange.ts';
import { JSON_LENGTH_HEADER } from '../exchange/infer.ts';
import { receiveChunked } from './chunked-body.ts';
import { disconnect, incomingOf } from './connection.ts';

/**
 * Rejects a body over the limit before all of it is read, and bodies for which there is no memory. If Content-Length is
 * declared, that is enough, since Node enforces it. Only a body without it is counted as it arrives.
 */
export function bodyLimit(maxBytes: number, memory: InFlightBytes): MiddlewareHandler {
  const onError = (): never => {
    throw tooLarge(maxBytes);
  };
  const counted = honoBodyLimit({ maxSize: maxBytes, onError });
  return async (c, next) => {
    const declared = c.req.header('Content-Length');
    const chunked = c.req.header('Transfer-Encoding') === undefined ? undefined : incomingOf(c);
    // Without either, a request has no body, except in tests without a socket.
    if (declared === undefined && chunked === undefined) return counted(c, next);
    const bytes = chunked === undefined ? Number(declared) : UNDECLARED_BYTES;
    if (bytes > maxBytes && chunked === undefined) onError();
    const reservation = memory.reserve(bytes, {
      giveWay: () => {
        disconnect(c);
      },
    });
    c.set('bodyMemory', reservation);
    if (chunked !== undefined)
      c.set('receiveBody', () => receiveChunked(chunked, maxBytes, reservation, c.req.header(JSON_LENGTH_HEADER)));
    try {
      await next();
    } finally {
      reservation.release();
    }
  };
}
