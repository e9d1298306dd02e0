import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metrics as names } from '../contract/index.ts';
import type { ModelEntry } from '../inference/repository.ts';

// A tabular model takes tens of microseconds, a large one takes seconds.
const BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** The service's metrics. They have their own registry, so two apps in one process do not share counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: names.requests,
    help: 'Completed requests, by protocol (http or grpc), route, status code and model.',
    labelNames: ['protocol', 'route', 'code', 'model'],
    registers: [this.registry],
  });
  readonly requestDuration = new Histogram({
    name: names.requestDuration,
    help: 'Time from request to response in seconds, by protocol (http or grpc), route and model.',
    labelNames: ['protocol', 'route', 'model'],
    buckets: BUCKETS_SECONDS,
    registers: [this.registry],
  });
  readonly inFlight = new Gauge({
    name: names.requestsInFlight,
    help: 'Requests in progress, by protocol (http or grpc).',
    labelNames: ['protocol'],
    registers: [this.registry],
  });
  readonly inferenceDuration = new Histogram({
    name: names.inferenceDuration,
    help: 'Time that the model took for one request in seconds, by model.',
    labelNames: ['model'],
    buckets: BUCKETS_SECONDS,
    registers: [this.registry],
  });
  readonly modelInfo = new Gauge({
    name: names.modelInfo,
    help: 'Always 1, for each loaded version of a model.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });
  readonly modelLoaded = new Gauge({
    name: names.modelLoaded,
    help: 'Whether a version of a model is loaded: 1, or 0 if loading failed.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });
  readonly modelLoadDuration = new Gauge({
    name: names.modelLoadDuration,
    help: 'Time that it took to load a version of a model, in seconds.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    // A labelled gauge is absent until it is set. `Calls` does the same for gRPC, if it is on.
    this.inFlight.set({ protocol: 'http' }, 0);
  }

  /** Sets the metrics of each model. Call it once loading is over. */
  setModels(entries: readonly ModelEntry[]): void {
    for (const entry of entries) {
      const labels = { model: entry.name, version: entry.version };
      this.modelLoaded.set(labels, entry.state === 'loaded' ? 1 : 0);
      if (entry.state !== 'loaded') continue;
      this.modelInfo.set(labels, 1);
      this.modelLoadDuration.set(labels, entry.loadSeconds);
    }
  }
}

/**
 * Counts and times requests. Paths without a route share one label value, or clients could create labels without limit.
 */
export function countRequests({ requests, requestDuration, inFlight }: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const started = performance.now();
    inFlight.inc({ protocol: 'http' });
    try {
      await next();
    } finally {
      inFlight.dec({ protocol: 'http' });
      const path = matchedRoutes(c).findLast((matched) => !matched.path.includes('*'))?.path;
      const labels = { protocol: 'http', route: path ?? 'none', model: c.get('model') ?? '' };
      requests.inc({ ...labels, code: String(c.res.status) });
      requestDuration.observe(labels, (performance.now() - started) / 1000);
    }
  };
}
