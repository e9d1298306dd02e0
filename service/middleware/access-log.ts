import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';

/** Logs one line per request when it is complete. Probes and scrapes are frequent, so they are logged at `debug`. */
export function accessLog(logger: Logger, quietPaths: readonly string[]): MiddlewareHandler {
  const quiet = new Set(quietPaths);
  return async (c, next) => {
    const started = performance.now();
    await next();
    const level = quiet.has(c.req.path) ? 'debug' : 'info';
    logger[level](
      {
        request_id: c.get('requestId'),
        method: c.req.method,
        path: c.req.path,
        status: c.res.status,
        duration_ms: Math.round((performance.now() - started) * 1000) / 1000,
        ...(c.get('model') !== undefined && { model: c.get('model') }),
      },
      'request',
    );
  };
}
