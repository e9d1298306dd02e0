import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ExchangeResponse } from '../exchange/exchange.ts';

/** Converts a response that does not depend on Hono. */
export function toResponse(c: Context, { status, headers, body }: ExchangeResponse): Response {
  for (let index = 0; index < headers.length; index += 2) c.header(headers[index] ?? '', headers[index + 1]);
  const whole =
    typeof body === 'string' ? body : new Uint8Array(body instanceof Uint8Array ? body : Buffer.concat(body));
  return c.body(whole, status as ContentfulStatusCode);
}
