import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { route } from './route.ts';

export function metricsRoute(app: Hono, { registry }: Metrics): void {
  route(app, paths.metrics, {
    GET: async (c) => c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
  });
}
