import type { Context, Hono } from 'hono';
import type { Model } from '../../onnx/model.ts';
import { paths } from '../contract/index.ts';
import { predict } from '../inference/predict.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { decodeFeatures } from '../protocol/predictions/request.ts';
import { encodePredictions } from '../protocol/predictions/response.ts';
import { runModel } from '../operations/run-model.ts';
import { jsonBody } from './json-response.ts';
import { readJson } from './request-body.ts';
import { route } from './route.ts';

export interface PredictionsOptions {
  readonly strictRanges: boolean;
  readonly requestTimeoutSeconds: number;
}

/** Predictions from named features, for the default model and for every model. */
export function predictions(
  app: Hono,
  repository: ModelRepository,
  metrics: Metrics,
  { strictRanges, requestTimeoutSeconds }: PredictionsOptions,
): void {
  const respond = async (c: Context, model: Model): Promise<Response> => {
    const { signature } = model;
    c.set('model', signature.name);
    const decoded = decodeFeatures(signature, await readJson(c), strictRanges);
    const predicted = await runModel(metrics, requestTimeoutSeconds, signature.name, () =>
      predict(model, decoded.rows, decoded.pointer),
    );
    return jsonBody(c, encodePredictions(signature, predicted, decoded));
  };
  const named = (c: Context): Model => repository.get(c.req.param('name') ?? '', c.req.param('version'));

  route(app, paths.predictions, { POST: (c) => respond(c, repository.default()) });
  route(app, `${paths.models}/:name${paths.predictions}`, { POST: (c) => respond(c, named(c)) });
  route(app, `${paths.models}/:name/versions/:version${paths.predictions}`, { POST: (c) => respond(c, named(c)) });
}
