import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import './middleware/context.ts';
import type { KeySource } from './config/api-key.ts';
import { paths } from './contract/index.ts';
import { ServiceError } from './errors.ts';
import { BulkGate } from './exchange/bulk-gate.ts';
import { exchange } from './exchange/exchange.ts';
import { inferProtocol } from './exchange/infer.ts';
import { modelRoutes, resolvedRoutes, type ModelRoutes, type ResolvedRoute } from './exchange/model-routes.ts';
import { nodeListener } from './exchange/node-listener.ts';
import { predictionsProtocol } from './exchange/predictions.ts';
import { RequestObserver } from './exchange/request-observer.ts';
import type { LoadedEntry, ModelRepository } from './inference/repository.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { accessLogOf } from './logging/logger.ts';
import type { Metrics } from './metrics/metrics.ts';
import { auth } from './middleware/auth.ts';
import { bodyLimit } from './middleware/body-limit.ts';
import { observe, refuseClosed } from './middleware/observe.ts';
import { problems } from './middleware/problems.ts';
import { InferenceOperations } from './operations/inference.ts';
import { docs } from './routes/docs.ts';
import { health } from './routes/health.ts';
import { inference, inferenceHealth, inferenceProbes } from './routes/inference.ts';
import { metricsRoute } from './routes/metrics.ts';
import { models } from './routes/models.ts';
import { run } from './routes/run.ts';

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

/** The service over HTTP. It does not listen, and does not load models. */
export interface HttpService {
  /** Every route. */
  readonly app: Hono;
  /** The same for a server of `node:http`. The routes that run models take half the time here. */
  readonly listener: RequestListener;
}

/** Creates the service over HTTP, without I/O. */
export function createHttpService(dependencies: Dependencies): HttpService {
  const { repository, lifecycle, metrics, logger, apiKey, options } = dependencies;
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
  const app = honoApp(dependencies, observer, routes);
  const hono = getRequestListener(app.fetch);
  let resolved: ReadonlyMap<string, ResolvedRoute> | undefined;
  const listener = nodeListener(
    {
      route: (path) => {
        if (resolved === undefined && repository.complete) resolved = resolvedRoutes(routes, repository);
        return resolved?.get(path);
      },
      observer,
      lifecycle,
      apiKey,
      logger,
      maxBodyBytes: options.maxBodyBytes,
      requestTimeoutSeconds: options.requestTimeoutSeconds,
    },
    (incoming, outgoing) => void hono(incoming, outgoing),
  );
  return { app, listener };
}

/** Creates the Hono application alone. See {@link createHttpService}. */
export function createApp(dependencies: Dependencies): Hono {
  return createHttpService(dependencies).app;
}

function honoApp(
  { repository, lifecycle, metrics, logger, apiKey, options }: Dependencies,
  observer: RequestObserver,
  modelRoutes: ModelRoutes,
): Hono {
  const app = new Hono();
  app.onError(problems(logger));
  app.notFound((c) => {
    throw new ServiceError(
      'route-not-found',
      `There is no route ${c.req.path}. See ${paths.docs} for every route, or ${paths.openapi}.`,
    );
  });

  app.use(observe(observer, lifecycle), refuseClosed(lifecycle));
  const { requestTimeoutSeconds } = options;
  const operations = new InferenceOperations({ repository, lifecycle, requestTimeoutSeconds });
  health(app, repository, lifecycle);
  inferenceHealth(app, operations);
  metricsRoute(app, metrics);
  docs(app, () => ({
    loaded: repository.loaded,
    defaultVersion: (name) => loaded(() => repository.get(name))?.model,
    defaultModel: loaded(() => repository.default())?.model,
    strictRanges: options.strictRanges,
    needsKey: apiKey() !== undefined,
  }));

  // The routes above are open. Those below need the API key, and their bodies are limited.
  app.use(auth(apiKey), bodyLimit(options.maxBodyBytes));
  run(app, repository, modelRoutes, requestTimeoutSeconds);
  models(app, repository, options);
  inference(app, operations);
  return app;
}

/** Returns the model, or undefined if it does not exist or is not loaded. */
function loaded(find: () => LoadedEntry): LoadedEntry | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}
