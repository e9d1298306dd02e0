import type { MiddlewareHandler } from 'hono';
import { authenticate, type Authentication } from '../authentication/authenticate.ts';

/** Requires an API key or a token, if the service has either. */
export function auth(authentication: Authentication): MiddlewareHandler {
  return async (c, next) => {
    c.set('access', await authenticate(authentication, c.req.header('Authorization')));
    await next();
  };
}
