import type { Hono } from 'hono';
import { paths, type Check, type Health } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { route } from './route.ts';

/** Live: the event loop turns. Ready: every model is loaded and has just reproduced its examples. */
export function health(app: Hono, repository: ModelRepository, lifecycle: Lifecycle): void {
  route(app, paths.live, { GET: (c) => c.json({ status: 'live' }) });
  route(app, paths.ready, {
    GET: async (c) => {
      // While draining this stays ready: kube-proxy falls back to terminating endpoints only if they are (KEP-1669).
      const accepting = lifecycle.phase === 'serving' || lifecycle.phase === 'draining';
      const listener: Check = { name: 'listener', ok: accepting, detail: accepting ? 'Accepting connections.' : 'Shutting down.' };
      const checks = [listener, ...(await repository.checks())];
      const ready = checks.every(({ ok }) => ok);
      return c.json({ status: ready ? 'ready' : 'not ready', checks } satisfies Health, ready ? 200 : 503);
    },
  });
}
