import type { MiddlewareHandler } from 'hono';
import { bodyLimit as honoBodyLimit } from 'hono/body-limit';
import { ServiceError } from '../errors.ts';

/**
 * Refuses a body over the limit before it is read whole. A declared length is compared, and Node holds the client to it;
 * only a body without one is counted as it streams, since asking for the stream makes each request dearer.
 */
export function bodyLimit(maxBytes: number): MiddlewareHandler {
  const refuse = (): never => {
    throw new ServiceError(
      'body-too-large',
      `The body is larger than ${maxBytes} bytes (MAX_BODY_BYTES). Send fewer rows at a time.`,
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
