import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import { describeModel, describeModels } from '../protocol/models.ts';
import { jsonBody } from './json-response.ts';
import { route } from './route.ts';

export function models(
  app: Hono,
  repository: ModelRepository,
  strictRanges: boolean,
  maxBodyBytes: () => number,
): void {
  const describe = (c: Context): Response => {
    const entry = repository.get(c.req.param('name') ?? '', c.req.param('version'));
    return jsonBody(c, describeModel(entry, strictRanges, maxBodyBytes()));
  };
  route(app, paths.models, { GET: (c) => jsonBody(c, describeModels(repository)) });
  route(app, `${paths.models}/:name`, { GET: describe });
  route(app, `${paths.models}/:name/versions/:version`, { GET: describe });
}
