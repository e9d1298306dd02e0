import type { MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { metrics as names } from '../contract/index.ts';
import type { Entry } from '../inference/repository.ts';

// A tabular model answers in tens of microseconds, a large one in seconds.
const BUCKETS_SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** The service's metrics, in a registry of its own so that two apps in one process do not share counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new Counter({
    name: names.requests,
    help: 'Requests answered, by route, status code and model.',
    labelNames: ['route', 'code', 'model'],
    registers: [this.registry],
  });
  readonly requestDuration = new Histogram({
    name: names.requestDuration,
    help: 'Time from request to answer, by route and model, in seconds.',
    labelNames: ['route', 'model'],
    buckets: BUCKETS_SECONDS,
    registers: [this.registry],
  });
  readonly inFlight = new Gauge({
    name: names.requestsInFlight,
    help: 'Requests being answered.',
    registers: [this.registry],
  });
  readonly inferenceDuration = new Histogram({
    name: names.inferenceDuration,
    help: 'Time that the model took for one request, by model, in seconds.',
    labelNames: ['model'],
    buckets: BUCKETS_SECONDS,
    registers: [this.registry],
  });
  readonly modelInfo = new Gauge({
    name: names.modelInfo,
    help: 'The models served: 1 each, with name and version as labels.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });
  readonly modelLoaded = new Gauge({
    name: names.modelLoaded,
    help: 'Whether a version of a model is loaded: 1, or 0 where that failed.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });
  readonly modelLoadSeconds = new Gauge({
    name: names.modelLoadSeconds,
    help: 'Time that loading a version of a model took, in seconds.',
    labelNames: ['model', 'version'],
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Tells what became of each model, once loading is over. */
  setModels(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const labels = { model: entry.name, version: entry.version };
      this.modelLoaded.set(labels, entry.state === 'loaded' ? 1 : 0);
      if (entry.state !== 'loaded') continue;
      this.modelInfo.set(labels, 1);
      this.modelLoadSeconds.set(labels, entry.loadSeconds);
    }
  }
}

/** Counts and times requests. What no route answers is one label, or clients could make labels without end. */
export function metrics({ requests, requestDuration, inFlight }: Metrics): MiddlewareHandler {
  return async (c, next) => {
    const started = performance.now();
    inFlight.inc();
    try {
      await next();
    } finally {
      inFlight.dec();
      const path = matchedRoutes(c).findLast((matched) => !matched.path.includes('*'))?.path;
      const labels = { route: path ?? 'none', model: c.get('model') ?? '' };
      requests.inc({ ...labels, code: String(c.res.status) });
      requestDuration.observe(labels, (performance.now() - started) / 1000);
    }
  };
}
