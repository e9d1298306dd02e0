import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ExchangeResponse } from '../exchange/exchange.ts';
import { setHeaders } from './set-headers.ts';

/** Converts a response that does not depend on Hono. A body of one piece is not copied. */
export function toResponse(c: Context, { status, headers, body }: ExchangeResponse): Response {
  setHeaders({ set: c.header }, headers);
  const whole = typeof body === 'string' || body instanceof Uint8Array ? body : Buffer.concat(body);
  return c.body(whole as string | Uint8Array<ArrayBuffer>, status as ContentfulStatusCode);
}
