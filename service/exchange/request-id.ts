import { parseTraceparent } from '../traces/trace-context.ts';

/** The ids that are accepted from a client: they are safe in a header and in a line of the log. */
const GIVEN = /^[\w\-=]{1,255}$/;

/**
 * Returns the request id: `X-Request-Id` of the request, or the trace id of its `traceparent`, or a new one.
 *
 * @param traceId if requests are traced; then also that of a trace that begins with the request
 */
export function requestIdOf(given: string | undefined, traceparent: string | undefined, traceId?: string): string {
  if (given !== undefined && GIVEN.test(given)) return given;
  return traceId ?? parseTraceparent(traceparent)?.traceId ?? crypto.randomUUID();
}
