import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { ServiceError } from '../errors.ts';
import type { RequestObserver } from '../exchange/request-observer.ts';
import { SECURITY_HEADERS } from '../exchange/response/security-headers.ts';
import { servedBy } from '../exchange/response/served-by.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { setHeaders } from './set-headers.ts';

/**
 * Observes each request, sets the headers that every response has, and after SIGTERM tells each client to close its
 * connection, so that it reconnects to another replica.
 */
export function observe(
  observer: RequestObserver,
  lifecycle: Lifecycle,
  replica: string | undefined,
): MiddlewareHandler {
  return async (c, next) => {
    const { method, path } = c.req;
    const observation = observer.begin(method, path, (name) => c.req.header(name));
    c.set('observation', observation);
    // Set before the route runs, so that a route can override them.
    c.header('X-Request-Id', observation.requestId);
    setHeaders({ set: c.header }, SECURITY_HEADERS);
    try {
      await next();
      const { headers } = c.res;
      // `c.header` would turn the body into a stream here, and each response would hold a copy of what it sends.
      if (replica !== undefined) setHeaders(headers, servedBy(replica, observation.started));
      if (lifecycle.phase !== 'serving') headers.set('Connection', 'close');
    } finally {
      observation.end(c.res.status, patternOf(c));
    }
  };
}

/** Refuses requests that arrive after the grace period. */
export function refuseClosed(lifecycle: Lifecycle): MiddlewareHandler {
  return async (_, next) => {
    if (lifecycle.phase === 'closed') {
      throw new ServiceError(
        'shutting-down',
        'This replica has shut down. Send the request again to reach another replica.',
      );
    }
    await next();
  };
}

/** Paths without a route share one label value, or clients could create labels without limit. */
function patternOf(c: Context): string {
  return matchedRoutes(c).findLast((matched) => !matched.path.includes('*'))?.path ?? 'none';
}
