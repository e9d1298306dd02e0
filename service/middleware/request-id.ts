import type { MiddlewareHandler } from 'hono';
import { requestId as honoRequestId } from 'hono/request-id';

/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** The ids that Hono's middleware accepts from a client. */
const GIVEN = /^[\w\-=]{1,255}$/;

/**
 * Sets the request id: `X-Request-Id` of the request, or the trace id of its `traceparent`, or a new one. The response
 * has it as `X-Request-Id`.
 */
export function requestId(): MiddlewareHandler {
  return honoRequestId({ generator: (c) => requestIdOf(undefined, c.req.header('traceparent')) });
}

/** Does the same for requests that do not pass through Hono. */
export function requestIdOf(given: string | undefined, traceparent: string | undefined): string {
  if (given !== undefined && GIVEN.test(given)) return given;
  return TRACEPARENT.exec(traceparent ?? '')?.[1] ?? crypto.randomUUID();
}
