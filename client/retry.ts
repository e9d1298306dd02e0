import { ServiceProblem, Unreachable, type RhizomeError } from './errors.ts';

/**
 * Returns how long to wait before a failed request is sent again, in milliseconds, or undefined if it must not be.
 *
 * This is the only retry policy of the client and the command line. Two failures are worth another attempt, since they
 * pass by themselves while replicas start or are replaced:
 *
 * - the connection failed, or broke before the response was complete (predictions have no side effects);
 * - a 503 with `Retry-After`: the service asks for another attempt, such as one that is overloaded.
 *
 * A timeout is not (neither the service's, a 504 with the code `timeout`, nor the call's own): the same request would
 * take as long again, and add to the load that made it slow. All other errors would be the same again.
 *
 * @param failures how many attempts have failed, including this one
 */
export function retryDelay(error: RhizomeError, failures: number): number | undefined {
  if (error instanceof Unreachable) return backoff(failures);
  if (error instanceof ServiceProblem && error.status === 503 && error.retryAfter !== undefined)
    return error.retryAfter + backoff(failures);
  return undefined;
}

/**
 * Up to 0.1 s, 0.2 s, 0.4 s, … 2 s. Random, so that clients that failed together don't return together ("full jitter"
 * in https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/). For that reason it is also added to
 * `Retry-After`, which is the same for all clients of an overloaded service.
 */
const backoff = (failures: number): number => Math.min(2000, 100 * 2 ** (failures - 1)) * Math.random();

/** Parses a `Retry-After` header, which has seconds or a date (RFC 9110), to milliseconds. */
export function parseRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}
