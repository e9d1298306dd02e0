import type { MiddlewareHandler } from 'hono';
import type { KeySource } from '../config/api-key.ts';
import { checkKey } from '../exchange/api-key.ts';

/** Requires an API key if there is one. */
export function auth(key: KeySource): MiddlewareHandler {
  return async (c, next) => {
    checkKey(key(), c.req.header('Authorization'));
    await next();
  };
}
