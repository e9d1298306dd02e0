import type { Logger } from 'pino';
import type { Authentication } from './authentication/authenticate.ts';
import { defaultInFlightBytes, InFlightBytes } from './connections/in-flight-bytes.ts';
import { BulkGate } from './exchange/body/bulk-gate.ts';
import { exchange, type Limits } from './exchange/exchange.ts';
import { inferProtocol } from './exchange/infer.ts';
import { modelRoutes, resolvedRoutes, type ModelRoutes, type ResolvedRoute } from './exchange/model-routes.ts';
import { predictionsProtocol } from './exchange/predictions.ts';
import { inferenceProbes, managementPaths } from './exchange/probes.ts';
import { RequestObserver } from './exchange/request-observer.ts';
import { paths } from './contract/index.ts';
import type { LoadedEntry } from './inference/repository/entry.ts';
import type { ModelRepository } from './inference/repository/repository.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { accessLogOf } from './logging/logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { PayloadLog } from './payload-log/payload-log.ts';
import type { Tracer } from './traces/tracer.ts';
import type { Shadow } from './shadow/shadow.ts';
import { shadowed } from './shadow/shadowed.ts';

/** What the service over HTTP needs. */
export interface Dependencies extends Authentication {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly options: {
    readonly strictRanges: boolean;
    readonly requestTimeoutSeconds: number;
    /** @default what one row of the largest model takes as JSON, from 1 MiB to 16 MiB */
    readonly maxBodyBytes?: number | undefined;
    /** Whether to serve probes and metrics. @default true */
    readonly publicProbes?: boolean;
    /** Whether the documentation needs no API key. @default true */
    readonly publicDocs?: boolean;
    /** Whether to serve the playground. @default true */
    readonly playground?: boolean;
    /** The name that responses say they come from. @default they do not say */
    readonly replica?: string | undefined;
  };
  /** Shared with gRPC. @default 64 MiB, and at least two of the largest bodies */
  readonly memory?: InFlightBytes;
  /** @default requests are not traced */
  readonly tracer?: Tracer | undefined;
  /** @default requests and their responses are not logged */
  readonly payloads?: PayloadLog | undefined;
  /** @default requests are not copied */
  readonly shadow?: Shadow | undefined;
}

/** What Hono and Node's own server share. */
export interface Shared {
  readonly observer: RequestObserver;
  readonly routes: ModelRoutes;
  readonly memory: InFlightBytes;
  /** Returns the bytes of the largest body. */
  readonly maxBodyBytes: () => number;
  /** Returns the route of a plain path that runs a model; undefined until every model is loaded, or has failed. */
  readonly route: (path: string) => ResolvedRoute | undefined;
}

export function requestObserver({
  metrics,
  logger,
  tracer,
}: Pick<Dependencies, 'metrics' | 'logger' | 'tracer'>): RequestObserver {
  return new RequestObserver({
    metrics: metrics.requests,
    log: accessLogOf(logger),
    quietPaths: new Set([...managementPaths, ...inferenceProbes]),
    tracer,
  });
}

export function shared(dependencies: Dependencies): Shared {
  const { repository, metrics, options, shadow } = dependencies;
  const { memory = new InFlightBytes(defaultInFlightBytes(options.maxBodyBytes ?? 0)) } = dependencies;
  const limits: Limits = {
    memory,
    gate: new BulkGate(),
    payloads: dependencies.payloads,
    refused: (model, reason) => {
      metrics.models.of(model).refused(reason);
    },
  };
  const fitting = options.maxBodyBytes === undefined;
  // The shadow may have another version, so only requests for the default version can be compared.
  const at =
    (base: string, end: string) =>
    (entry: LoadedEntry): string | undefined =>
      repository.versions(entry.name).at(-1) === entry ? `${base}/${encodeURIComponent(entry.name)}${end}` : undefined;
  const routes = modelRoutes(
    shadowed(
      exchange(
        predictionsProtocol(options.strictRanges, fitting, (model) => metrics.models.of(model)),
        limits,
      ),
      shadow,
      at(paths.models, paths.predictions),
    ),
    shadowed(exchange(inferProtocol(fitting), limits), shadow, at(`${paths.inference}/models`, '/infer')),
  );
  let resolved: ReadonlyMap<string, ResolvedRoute> | undefined;
  return {
    observer: requestObserver(dependencies),
    routes,
    memory,
    maxBodyBytes: () => options.maxBodyBytes ?? repository.bodyBytes,
    route: (path) => {
      if (resolved === undefined && repository.complete) resolved = resolvedRoutes(routes, repository);
      return resolved?.get(path);
    },
  };
}
