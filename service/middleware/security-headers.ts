import type { MiddlewareHandler } from 'hono';

/** Security headers for an API. TLS, and so HSTS, is handled in front of the service. */
const HEADERS = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Sets the headers before the route runs, so that a route such as the documentation page can override them. */
export function securityHeaders(): MiddlewareHandler {
  const entries = Object.entries(HEADERS);
  return async (c, next) => {
    for (const [name, value] of entries) c.header(name, value);
    await next();
  };
}
