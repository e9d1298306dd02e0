import type { Hono } from 'hono';
import { probes } from '../exchange/probes.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { toResponse } from '../middleware/to-response.ts';
import { route } from './route.ts';

export function health(app: Hono, repository: ModelRepository, lifecycle: Lifecycle): void {
  for (const [path, probe] of probes(repository, lifecycle))
    route(app, path, { GET: async (c) => toResponse(c, await probe()) });
}
