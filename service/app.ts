import { Hono } from 'hono';
import './middleware/context.ts';
import { paths } from './contract/index.ts';
import { shared, type Dependencies, type Shared } from './dependencies.ts';
import { ServiceError } from './errors.ts';
import { managementPaths } from './exchange/probes.ts';
import type { LoadedEntry } from './inference/repository/entry.ts';
import { auth } from './middleware/auth.ts';
import { bodyLimit } from './middleware/body-limit.ts';
import { observe, refuseClosed } from './middleware/observe.ts';
import { problems } from './middleware/problems.ts';
import { InferenceOperations } from './operations/inference.ts';
import { docs } from './routes/docs.ts';
import { health } from './routes/health.ts';
import { inference, inferenceHealth } from './routes/inference.ts';
import { metricsRoute } from './routes/metrics.ts';
import { models } from './routes/models.ts';
import { playground } from './routes/playground.ts';
import { run } from './routes/run.ts';

/** Creates the Hono application. It does not listen, and does not load models. */
export function createApp(
  dependencies: Dependencies,
  { observer, routes, memory, maxBodyBytes, route }: Shared = shared(dependencies),
): Hono {
  const { repository, lifecycle, metrics, logger, apiKey, tokens, options } = dependencies;
  const app = new Hono();
  app.onError(problems(logger));
  app.notFound((c) => {
    const { path } = c.req;
    throw new ServiceError(
      'route-not-found',
      managementPaths.includes(path)
        ? `${path} is served at the port MANAGEMENT_PORT. With PUBLIC_PROBES=true, this port serves it too.`
        : `There is no route ${path}. See ${paths.docs} for every route, or ${paths.openapi}.`,
    );
  });

  app.use(observe(observer, lifecycle, options.replica), refuseClosed(lifecycle));
  const { requestTimeoutSeconds, publicProbes = true, publicDocs = true } = options;
  const operations = new InferenceOperations({ repository, lifecycle });
  if (publicProbes) {
    health(app, repository, lifecycle);
    metricsRoute(app, metrics);
  }
  inferenceHealth(app, operations);
  const documentation = (): void => {
    docs(
      app,
      () => ({
        loaded: repository.loaded,
        defaultVersion: (name) => loaded(() => repository.get(name))?.model,
        defaultModel: loaded(() => repository.default())?.model,
        strictRanges: options.strictRanges,
        security: { apiKey: apiKey() !== undefined, token: tokens !== undefined },
        publicProbes,
      }),
      () => repository.complete,
    );
  };
  if (publicDocs) documentation();
  if (options.playground ?? true)
    playground(app, { metrics: publicProbes, docs: publicDocs || (apiKey() === undefined && tokens === undefined) });

  // The routes above are open. Those below need the API key or a token, and their bodies are limited.
  app.use(auth(dependencies), bodyLimit(maxBodyBytes, memory, route));
  if (!publicDocs) documentation();
  run(app, repository, routes, requestTimeoutSeconds);
  models(app, repository, options.strictRanges, maxBodyBytes);
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
