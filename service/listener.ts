import type { RequestListener } from 'node:http';
import { shared, type Dependencies } from './dependencies.ts';
import { nodeListener } from './exchange/node-listener.ts';
import { probes } from './exchange/probes.ts';

/**
 * Returns the service over HTTP for a server of `node:http`, without I/O. Plain requests that run models take half the
 * time that they take in Hono.
 *
 * Hono is loaded with the first request that needs it: it and the web APIs of Node that it uses take longer to load
 * than everything else, and 10 MB.
 */
export function createListener(dependencies: Dependencies): RequestListener {
  const { repository, lifecycle, logger, apiKey, tokens, options } = dependencies;
  const common = shared(dependencies);
  const { observer, route, maxBodyBytes } = common;
  let hono: Promise<RequestListener> | undefined;
  const loadHono = async (): Promise<RequestListener> => {
    const [{ createApp }, { getRequestListener }] = await Promise.all([
      import('./app.ts'),
      import('@hono/node-server'),
    ]);
    // Node discards what a route does not read of a body. The adapter would close the connection half a second later.
    const handle = getRequestListener(createApp(dependencies, common).fetch, { autoCleanupIncoming: false });
    return (incoming, outgoing) => void handle(incoming, outgoing);
  };
  return nodeListener(
    {
      route,
      probes: (options.publicProbes ?? true) ? probes(repository, lifecycle) : new Map(),
      observer,
      lifecycle,
      replica: options.replica,
      apiKey,
      tokens,
      logger,
      maxBodyBytes,
      requestTimeoutSeconds: options.requestTimeoutSeconds,
    },
    (incoming, outgoing) => {
      hono ??= loadHono();
      void hono.then((listener) => {
        listener(incoming, outgoing);
      });
    },
  );
}
