import type { Handler, Hono } from 'hono';
import { ServiceError } from '../errors.ts';

type Methods = Readonly<Partial<Record<'GET' | 'POST', Handler>>>;

/** Adds a path with its methods. Other methods get a 405. Hono derives HEAD from GET. */
export function route(app: Hono, path: string, methods: Methods): void {
  for (const [method, handler] of Object.entries(methods)) app.on(method, path, handler);
  const allow = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  app.all(path, (c) => {
    throw new ServiceError(
      'method-not-allowed',
      `${path} does not support ${c.req.method}, only ${allow.join(', ')}.`,
      {
        allow,
      },
    );
  });
}
