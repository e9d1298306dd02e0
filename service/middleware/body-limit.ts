import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import type { InFlightBytes } from '../connections/in-flight-bytes.ts';
import { tooLarge } from '../exchange/body/body-length.ts';
import { UNDECLARED_BYTES } from '../exchange/exchange.ts';
import { JSON_LENGTH_HEADER } from '../exchange/infer.ts';
import type { ResolvedRoute } from '../exchange/model-routes.ts';
import { receiveChunked } from './chunked-body.ts';
import { disconnect, incomingOf } from './connection.ts';

/**
 * Rejects a body over the limit before all of it is read, and bodies for which there is no memory. If Content-Length is
 * declared, that is enough, since Node enforces it. Only a body without it is counted as it arrives.
 *
 * @param most returns the bytes of the largest body
 * @param route returns the route of a path that runs a loaded model
 */
export function bodyLimit(
  most: () => number,
  memory: InFlightBytes,
  route: (path: string) => ResolvedRoute | undefined,
): MiddlewareHandler {
  return async (c, next) => {
    const maxBytes = most();
    const refuse = (): never => {
      throw tooLarge(maxBytes, route(c.req.path));
    };
    const declared = c.req.header('Content-Length');
    const chunked = c.req.header('Transfer-Encoding') === undefined ? undefined : incomingOf(c);
    // Without either, a request has no body, except in tests without a socket.
    if (declared === undefined && chunked === undefined)
      return honoBodyLimit({ maxSize: maxBytes, onError: refuse })(c, next);
    const bytes = chunked === undefined ? Number(declared) : UNDECLARED_BYTES;
    if (bytes > maxBytes && chunked === undefined) refuse();
    const reservation = memory.reserve(bytes, {
      giveWay: () => {
        disconnect(c);
      },
    });
    c.set('bodyMemory', reservation);
    if (chunked !== undefined)
      c.set('receiveBody', () =>
        receiveChunked(chunked, maxBytes, reservation, c.req.header(JSON_LENGTH_HEADER), route(c.req.path)),
      );
    try {
      await next();
    } finally {
      reservation.release();
    }
  };
}
