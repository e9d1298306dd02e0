import type { MiddlewareHandler } from 'hono';

/** What an API has to tell browsers; a route may say otherwise. TLS, and so HSTS, ends before us. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Set before the route runs, so that a route, as the documentation's page, can have its own. */
export function securityHeaders(): MiddlewareHandler {
  const entries = Object.entries(HEADERS);
  return async (c, next) => {
    for (const [name, value] of entries) c.header(name, value);
    await next();
  };
}
