import type { Context, Hono } from 'hono';
import { paths } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { decodeFeatures, encodePredictions } from '../protocol/features.ts';
import { parseJson } from '../protocol/json.ts';
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
      const stop = metrics.inferenceDuration.startTimer({ model: signature.name });
      const predicted = await within(options.requestTimeoutSeconds, model.predict(decoded.rows));
      stop();
      return c.json(encodePredictions(signature, predicted, decoded));
    },
  });
}

async function readJson(c: Context): Promise<unknown> {
  const type = c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new ServiceError('unsupported-media-type', `The body's type is ${type || 'not given'}: send JSON with the header "Content-Type: application/json".`);
  }
  const body = await c.req.arrayBuffer().catch((cause: unknown) => {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('incomplete-body', 'The connection ended before the whole body was there.', { cause });
  });
  return parseJson(new Uint8Array(body));
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const overdue = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServiceError('overdue', `The model did not answer within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`));
    }, seconds * 1000);
  });
  return Promise.race([work, overdue]).finally(() => {
    clearTimeout(timer);
  });
}
