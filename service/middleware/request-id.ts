import type { MiddlewareHandler } from 'hono';
import { requestId as honoRequestId } from 'hono/request-id';

/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;
/** What Hono's middleware takes from a client. */
const GIVEN = /^[\w\-=]{1,255}$/;

/** Takes `X-Request-Id`, else the trace id of `traceparent`, else makes one; answers it as `X-Request-Id`. */
export function requestId(): MiddlewareHandler {
  return honoRequestId({ generator: (c) => requestIdOf(undefined, c.req.header('traceparent')) });
}

/** The same for what does not come by Hono. */
export function requestIdOf(given: string | undefined, traceparent: string | undefined): string {
  if (given !== undefined && GIVEN.test(given)) return given;
  return TRACEPARENT.exec(traceparent ?? '')?.[1] ?? crypto.randomUUID();
}
