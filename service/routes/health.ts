import type { Hono } from 'hono';
import { paths, type Health } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { readiness } from '../lifecycle/readiness.ts';
import { route } from './route.ts';

/** Liveness: the event loop runs. Readiness: see `lifecycle/readiness.ts`. */
export function health(app: Hono, repository: ModelRepository, lifecycle: Lifecycle): void {
  route(app, paths.live, { GET: (c) => c.json({ status: 'live' }) });
  route(app, paths.ready, {
    GET: async (c) => {
      const { ready, checks } = await readiness(repository, lifecycle);
      return c.json({ status: ready ? 'ready' : 'not ready', checks } satisfies Health, ready ? 200 : 503);
    },
  });
}
