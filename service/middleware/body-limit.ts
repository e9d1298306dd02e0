import { Readable } from 'node:stream';
import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import { contentEncodingOf } from '../exchange/encodings.ts';
import { receiveInflated } from '../exchange/body/inflated-body.ts';
import type { InFlightBytes } from '../connections/in-flight-bytes.ts';
import type { ServiceError } from '../errors.ts';
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
    const bodyTooLarge = (): ServiceError => tooLarge(maxBytes, route(c.req.path));
    const refuse = (): never => {
      throw bodyTooLarge();
    };
    const declared = c.req.header('Content-Length');
    const chunked = c.req.header('Transfer-Encoding') === undefined ? undefined : incomingOf(c);
    const encoding = contentEncodingOf(c.req.header('Content-Encoding'));
    // Without either, a request has no body, except in tests without a socket.
    if (declared === undefined && chunked === undefined && encoding === undefined)
      return honoBodyLimit({ maxSize: maxBytes, onError: refuse })(c, next);
    const length = chunked === undefined ? Number(declared ?? 0) : UNDECLARED_BYTES;
    if (length > maxBytes && chunked === undefined) refuse();
    const bytes = encoding === undefined ? length : UNDECLARED_BYTES;
    const reservation = memory.reserve(bytes, {
      giveWay: () => {
        disconnect(c);
      },
    });
    c.set('bodyMemory', reservation);
    const jsonLength = c.req.header(JSON_LENGTH_HEADER);
    if (encoding !== undefined) {
      const grow = (bytes: number): void => {
        reservation.grow(bytes);
      };
      const body = incomingOf(c) ?? bodyOf(c.req.raw);
      c.set('receiveBody', () =>
        receiveInflated(body, encoding, { maxBytes, jsonLength, tooLarge: bodyTooLarge, grow }),
      );
    } else if (chunked !== undefined)
      c.set('receiveBody', () => receiveChunked(chunked, maxBytes, reservation, jsonLength, route(c.req.path)));
    try {
      await next();
    } finally {
      reservation.release();
    }
  };
}

/** Returns the body of a request in a test without a socket. With one, Node's request would be paused by this. */
function bodyOf({ body }: Request): Readable {
  return body === null ? Readable.from([]) : Readable.fromWeb(body);
}
