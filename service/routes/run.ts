import type { Context, Hono } from 'hono';
import type { ModelRoutes } from '../exchange/model-routes.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import { exchangeRoute } from './exchange-route.ts';
import { route } from './route.ts';

/** The routes that run models: predictions and `infer`, for the default model and for every model. */
export function run(app: Hono, repository: ModelRepository, routes: ModelRoutes, requestTimeoutSeconds: number): void {
  const add = ({ pattern, exchange }: ModelRoutes['default'], find: Parameters<typeof exchangeRoute>[1]): void => {
    route(app, pattern, { POST: exchangeRoute(exchange, find, requestTimeoutSeconds) });
  };
  add(routes.default, () => repository.default());
  for (const each of routes.named)
    add(each, (c: Context) => repository.get(c.req.param('name') ?? '', c.req.param('version')));
}
