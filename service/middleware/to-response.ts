import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ExchangeResponse } from '../exchange/exchange.ts';

/** Converts a response that does not depend on Hono. A body of one piece is not copied. */
export function toResponse(c: Context, { status, headers, body }: ExchangeResponse): Response {
  for (let index = 0; index < headers.length; index += 2) c.header(headers[index] ?? '', headers[index + 1]);
  const whole = typeof body === 'string' || body instanceof Uint8Array ? body : Buffer.concat(body);
  return c.body(whole as string | Uint8Array<ArrayBuffer>, status as ContentfulStatusCode);
}
