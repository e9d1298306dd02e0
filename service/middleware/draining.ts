import type { MiddlewareHandler } from 'hono';
import { ServiceError } from '../errors.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';

/** After SIGTERM, tells each client to close its connection, so that it reconnects to another replica. */
export function draining(lifecycle: Lifecycle): MiddlewareHandler {
  return async (c, next) => {
    if (lifecycle.phase === 'closed') {
      throw new ServiceError(
        'shutting-down',
        'This replica has shut down. Send the request again to reach another replica.',
      );
    }
    await next();
    if (lifecycle.phase !== 'serving') c.res.headers.set('Connection', 'close');
  };
}
