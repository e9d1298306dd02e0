import type { MiddlewareHandler } from 'hono';
import { requestId as honoRequestId } from 'hono/request-id';

/** https://www.w3.org/TR/trace-context/#traceparent-header: version, trace id, parent id, flags. */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Takes `X-Request-Id`, else the trace id of `traceparent`, else makes one; answers it as `X-Request-Id`. */
export function requestId(): MiddlewareHandler {
  return honoRequestId({
    generator: (c) => TRACEPARENT.exec(c.req.header('traceparent') ?? '')?.[1] ?? crypto.randomUUID(),
  });
}
