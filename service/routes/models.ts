import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import { describeEntry, describeModel } from '../protocol/models.ts';
import { route } from './route.ts';

export function models(app: Hono, repository: ModelRepository): void {
  route(app, paths.models, { GET: (c) => c.json({ models: repository.entries.map(describeEntry) }) });
  route(app, `${paths.models}/:name`, {
    GET: (c) => c.json(describeModel(repository.get(c.req.param('name') ?? '').signature)),
  });
}
