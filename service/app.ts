import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Model } from '../onnx/model.ts';
import './middleware/context.ts';
import { paths } from './contract/index.ts';
import { ServiceError } from './errors.ts';
import type { ModelRepository } from './inference/repository.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import { accessLog } from './middleware/access-log.ts';
import type { KeySource } from './config/api-key.ts';
import { auth } from './middleware/auth.ts';
import { bodyLimit } from './middleware/body-limit.ts';
import { draining } from './middleware/draining.ts';
import { countRequests, type Metrics } from './middleware/metrics.ts';
import { problems } from './middleware/problems.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { InferenceOperations } from './operations/inference.ts';
import { docs } from './routes/docs.ts';
import { health } from './routes/health.ts';
import { inference, inferenceHealth, inferenceProbes } from './routes/inference.ts';
import { metricsRoute } from './routes/metrics.ts';
import { models } from './routes/models.ts';
import { predictions, type PredictionsOptions } from './routes/predictions.ts';

export interface Dependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly apiKey: KeySource;
  readonly options: PredictionsOptions & { readonly maxBodyBytes: number };
}

/** Creates the HTTP application. It does not listen, and does not load models. */
export function createApp({ repository, lifecycle, metrics, logger, apiKey, options }: Dependencies): Hono {
  const app = new Hono();
  app.onError(problems(logger));
  app.notFound((c) => {
    throw new ServiceError(
      'route-not-found',
      `There is no route ${c.req.path}. See ${paths.docs} for every route, or ${paths.openapi}.`,
    );
  });

  app.use(
    requestId(),
    accessLog(logger, [paths.live, paths.ready, paths.metrics, ...inferenceProbes]),
    countRequests(metrics),
    securityHeaders(),
    draining(lifecycle),
  );
  const { requestTimeoutSeconds } = options;
  const operations = new InferenceOperations({ repository, lifecycle, metrics, requestTimeoutSeconds });
  health(app, repository, lifecycle);
  inferenceHealth(app, operations);
  metricsRoute(app, metrics);
  docs(app, () => ({
    loaded: repository.loaded,
    defaultVersion: (name) => loadedModel(() => repository.get(name)),
    defaultModel: loadedModel(() => repository.default()),
    strictRanges: options.strictRanges,
    needsKey: apiKey() !== undefined,
  }));

  // The routes above are open. Those below need the API key, and their bodies are limited.
  app.use(auth(apiKey), bodyLimit(options.maxBodyBytes));
  predictions(app, repository, metrics, options);
  models(app, repository, options);
  inference(app, operations);
  return app;
}

/** Returns the model, or undefined if it does not exist or is not loaded. */
function loadedModel(find: () => Model): Model | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}
