import { ServiceError } from '../errors.ts';
import type { ModelObserver } from '../metrics/model-metrics.ts';

/**
 * Runs a model for one request: measures how long it takes, and stops waiting for it at the request's deadline.
 *
 * @param deadline in milliseconds as in `performance.now()`
 * @throws {ServiceError} `timeout`
 */
export async function runModel<T>(
  observer: ModelObserver,
  deadline: number,
  rows: number,
  run: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const result = await withTimeout(deadline - started, run());
  observer.ran(rows, (performance.now() - started) / 1000);
  return result;
}

async function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new ServiceError(
          'timeout',
          'The model did not respond in time: REQUEST_TIMEOUT_SECONDS of the service, or X-Request-Timeout-Ms of the ' +
            'request, was too short for it.',
        ),
      );
    }, milliseconds);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
