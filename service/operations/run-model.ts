import { ServiceError } from '../errors.ts';
import type { Metrics } from '../middleware/metrics.ts';

/**
 * Runs a model for one request: measures how long it takes, and stops waiting for it after the request's timeout.
 *
 * @throws {ServiceError} `timeout`
 */
export async function runModel<T>(
  { inferenceDuration }: Metrics,
  timeoutSeconds: number,
  model: string,
  run: () => Promise<T>,
): Promise<T> {
  const stop = inferenceDuration.startTimer({ model });
  const result = await withTimeout(timeoutSeconds, run());
  stop();
  return result;
}

async function withTimeout<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServiceError('timeout', `The model did not respond within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`));
    }, seconds * 1000);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
