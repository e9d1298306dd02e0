import type { Hono } from 'hono';
import { paths } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { decodeFeatures, encodePredictions } from '../protocol/features.ts';
import { timed } from '../timed.ts';
import { readJson } from './body.ts';
import { route } from './route.ts';

export interface PredictionsOptions {
  readonly strictRanges: boolean;
  readonly requestTimeoutSeconds: number;
}

export function predictions(app: Hono, repository: ModelRepository, metrics: Metrics, options: PredictionsOptions): void {
  route(app, paths.predictions, {
    POST: async (c) => {
      const model = repository.default();
      const { signature } = model;
      c.set('model', signature.name);
      const decoded = decodeFeatures(signature, await readJson(c), options.strictRanges);
      const predicted = await timed(metrics, options.requestTimeoutSeconds, signature.name, () => model.predict(decoded.rows));
      return c.json(encodePredictions(signature, predicted, decoded));
    },
  });
}
