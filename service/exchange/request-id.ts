/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** The ids that are accepted from a client: they are safe in a header and in a line of the log. */
const GIVEN = /^[\w\-=]{1,255}$/;

/** Returns the request id: `X-Request-Id` of the request, or the trace id of its `traceparent`, or a new one. */
export function requestIdOf(given: string | undefined, traceparent: string | undefined): string {
  if (given !== undefined && GIVEN.test(given)) return given;
  if (traceparent === undefined) return crypto.randomUUID();
  return TRACEPARENT.exec(traceparent)?.[1] ?? crypto.randomUUID();
}
