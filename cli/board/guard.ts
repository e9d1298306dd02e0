import { timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';

/** Who may use the board. */
export interface Access {
  /** The first part of each path. */
  readonly token: string;
  /** The board's own addresses, such as `127.0.0.1:4000`. */
  readonly hosts: readonly string[];
}

/**
 * Refuses requests of anybody but the board's own page. The board listens on this machine alone, but any web page and
 * any user of the machine can send requests to it:
 *
 * - a page of another site has a foreign `Origin`;
 * - a site whose name resolves to 127.0.0.1 (DNS rebinding) has a foreign `Host`;
 * - another user doesn't know the token.
 */
export function guard({ token, hosts }: Access): MiddlewareHandler {
  return async (context, next) => {
    const { host = '', origin } = context.req.header();
    if (!hosts.includes(host)) return context.text(`This board is not at ${host}.\n`, 403);
    if (origin !== undefined && origin !== `http://${host}`)
      return context.text('Other pages may not use this board.\n', 403);
    if (!isEqual(context.req.path.split('/')[1] ?? '', token))
      return context.text('The token is missing or wrong. Open the address that `rhizome board` printed.\n', 403);
    await next();
    return undefined;
  };
}

/** Compares in a time that doesn't tell how much of the token is right. */
function isEqual(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The page may load nothing from elsewhere, and nobody may frame it or learn its address, which has the token. */
export const secureHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers)) context.res.headers.set(name, value);
};

const headers = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // With `no-referrer`, the Origin of the page's own requests would be null.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};
