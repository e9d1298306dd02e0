import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import { ServiceError } from '../errors.ts';

/**
 * Rejects a body over the limit before all of it is read. If Content-Length is declared, that is enough, since Node
 * enforces it. Only a body without it is counted as it streams, because reading the stream makes each request slower.
 */
export function bodyLimit(maxBytes: number): MiddlewareHandler {
  const refuse = (): never => {
    throw new ServiceError(
      'body-too-large',
      `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES). Send fewer rows per request.`,
    );
  };
  const counted = honoBodyLimit({ maxSize: maxBytes, onError: refuse });
  return async (c, next) => {
    const declared = c.req.header('Content-Length');
    if (declared === undefined || c.req.header('Transfer-Encoding') !== undefined) return counted(c, next);
    if (Number(declared) > maxBytes) refuse();
    return next();
  };
}
