import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { route } from './route.ts';

export function metricsRoute(app: Hono, metrics: Metrics): void {
  route(app, paths.metrics, {
    GET: async (c) => {
      const { text, contentType } = await metrics.scrape();
      return c.body(text, 200, { 'Content-Type': contentType });
    },
  });
}
