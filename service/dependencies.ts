import type { Logger } from 'pino';
import type { KeySource } from './config/api-key.ts';
import { defaultInFlightBytes, InFlightBytes } from './connections/in-flight-bytes.ts';
import { BulkGate } from './exchange/bulk-gate.ts';
import { exchange, type Limits } from './exchange/exchange.ts';
import { inferProtocol } from './exchange/infer.ts';
import { modelRoutes, type ModelRoutes } from './exchange/model-routes.ts';
import { predictionsProtocol } from './exchange/predictions.ts';
import { inferenceProbes, managementPaths } from './exchange/probes.ts';
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
    /** Whether to serve probes and metrics. @default true */
    readonly publicProbes?: boolean;
  };
  /** Shared with gRPC. @default 64 MiB, and at least two of the largest bodies */
  readonly memory?: InFlightBytes;
}

/** What Hono and Node's own server share. */
export interface Shared {
  readonly observer: RequestObserver;
  readonly routes: ModelRoutes;
  readonly memory: InFlightBytes;
}

export function requestObserver({ metrics, logger }: Pick<Dependencies, 'metrics' | 'logger'>): RequestObserver {
  return new RequestObserver({
    metrics: metrics.requests,
    log: accessLogOf(logger),
    quietPaths: new Set([...managementPaths, ...inferenceProbes]),
  });
}

export function shared(dependencies: Dependencies): Shared {
  const { metrics, options } = dependencies;
  const { memory = new InFlightBytes(defaultInFlightBytes(options.maxBodyBytes)) } = dependencies;
  const limits: Limits = {
    memory,
    gate: new BulkGate(),
    refused: (model, reason) => {
      metrics.models.of(model).refused(reason);
    },
  };
  const routes = modelRoutes(
    exchange(predictionsProtocol(options.strictRanges), limits),
    exchange(inferProtocol, limits),
  );
  return { observer: requestObserver(dependencies), routes, memory };
}
