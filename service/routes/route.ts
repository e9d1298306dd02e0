import type { Handler, Hono } from 'hono';
import { ServiceError } from '../errors.ts';

type Methods = Readonly<Partial<Record<'GET' | 'POST', Handler>>>;

/** Adds a path with all its methods; the others get a 405 that names them. Hono answers HEAD from GET by itself. */
export function route(app: Hono, path: string, methods: Methods): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
  const allow = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  app.all(path, (c) => {
    throw new ServiceError('method-not-allowed', `${path} has no ${c.req.method}: it has ${allow.join(', ')}.`, {
      allow,
    });
  });
}
