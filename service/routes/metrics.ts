import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { scrape } from '../exchange/probes.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { toResponse } from '../middleware/to-response.ts';
import { route } from './route.ts';

export function metricsRoute(app: Hono, metrics: Metrics): void {
  const respond = scrape(metrics);
  route(app, paths.metrics, {
    GET: async (c) => toResponse(c, await respond()),
  });
}
