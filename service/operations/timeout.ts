import { ServiceError } from '../errors.ts';
import type { Metrics } from '../middleware/metrics.ts';

/** Times what a model does for one request, and gives up on it when the request's time is over. @throws ServiceError `timeout` */
export async function timed<T>(
  { inferenceDuration }: Metrics,
  seconds: number,
  model: string,
  work: () => Promise<T>,
): Promise<T> {
  const stop = inferenceDuration.startTimer({ model });
  const result = await within(seconds, work());
  stop();
  return result;
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ServiceError('timeout', `The model did not answer within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`));
    }, seconds * 1000);
  });
  return Promise.race([work, timeout]).finally(() => {
    clearTimeout(timer);
  });
}
