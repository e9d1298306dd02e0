import type { Logger } from 'pino';
import type { KeySource } from './config/api-key.ts';
import { paths } from './contract/index.ts';
import { BulkGate } from './exchange/bulk-gate.ts';
import { exchange } from './exchange/exchange.ts';
import { inferProtocol } from './exchange/infer.ts';
import { modelRoutes, type ModelRoutes } from './exchange/model-routes.ts';
import { predictionsProtocol } from './exchange/predictions.ts';
import { inferenceProbes } from './exchange/probes.ts';
import { RequestObserver } from './exchange/request-observer.ts';
import type { ModelRepository } from './inference/repository.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { accessLogOf } from './logging/logger.ts';
import type { Metrics } from './metrics/metrics.ts';

/** What the service over HTTP needs. */
export interface Dependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly apiKey: KeySource;
  readonly options: {
    readonly strictRanges: boolean;
    readonly requestTimeoutSeconds: number;
    readonly maxBodyBytes: number;
  };
}

/** What Hono and Node's own server share. */
export interface Shared {
  readonly observer: RequestObserver;
  readonly routes: ModelRoutes;
}

export function shared({ metrics, logger, options }: Dependencies): Shared {
  const observer = new RequestObserver({
    metrics: metrics.requests,
    log: accessLogOf(logger),
    quietPaths: new Set([paths.live, paths.ready, paths.metrics, ...inferenceProbes]),
  });
  const gate = new BulkGate();
  const refused = (model: string): void => {
    metrics.models.of(model).refused('large-requests');
  };
  const routes = modelRoutes(
    exchange(predictionsProtocol(options.strictRanges), gate, refused),
    exchange(inferProtocol, gate, refused),
  );
  return { observer, routes };
}
