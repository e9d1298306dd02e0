import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import { describeModel, describeModels } from '../protocol/models.ts';
import { jsonBody } from './json-response.ts';
import { route } from './route.ts';

export function models(
  app: Hono,
  repository: ModelRepository,
  { strictRanges }: { readonly strictRanges: boolean },
): void {
  const describe = (c: Context): Response =>
    jsonBody(c, describeModel(repository.get(c.req.param('name') ?? '', c.req.param('version')), strictRanges));
  route(app, paths.models, { GET: (c) => jsonBody(c, describeModels(repository)) });
  route(app, `${paths.models}/:name`, { GET: describe });
  route(app, `${paths.models}/:name/versions/:version`, { GET: describe });
}
