import { requestHeaders } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';

const MILLISECONDS = /^\d{1,9}$/;

/**
 * Returns until when the response to a request is of use: the service's timeout, or the client's own if it is shorter.
 *
 * @param started in milliseconds as in `performance.now()`, as is the result
 * @param header the value of `X-Request-Timeout-Ms`
 * @throws {ServiceError} `invalid-input`
 */
export function deadlineOf(started: number, timeoutSeconds: number, header: string | undefined): number {
  if (header === undefined) return started + timeoutSeconds * 1000;
  if (!MILLISECONDS.test(header) || Number(header) === 0)
    throw new ServiceError(
      'invalid-input',
      `The header ${requestHeaders.timeout} is ${formatValue(header)}, ` +
        'expected a whole number of milliseconds above 0.',
    );
  return started + Math.min(timeoutSeconds * 1000, Number(header));
}
