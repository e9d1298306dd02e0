import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Config } from './config/config.ts';
import type { VariableName } from './contract/index.ts';
import { acceptWaiting } from './connections/accept-waiting.ts';
import { Connections, type ConnectionsOptions } from './connections/connections.ts';
import { DirectRequest } from './exchange/body/body-receiver.ts';
import type { Listener } from './lifecycle/drain.ts';

// Importing `node:http` would also load Node's web APIs, for what it only re-exports: 20 ms.
const { createServer } = process.getBuiltinModule('node:http');

/**
 * Longer than the idle timeout of common load balancers (ALB 60 s, nginx 75 s), so that they close idle connections
 * first.
 */
const KEEP_ALIVE_SECONDS = 90;
/** A client that needs longer than this to send its headers only occupies a connection. */
const HEADERS_SECONDS = 10;
/** How long a connection that was opened just before the listener closed has to send its request. */
const FIRST_REQUEST_SECONDS = 1;

/** The service cannot listen on the address. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** The bounds of the management port. Its clients are a kubelet and a few scrapers, however busy the service is. */
const MANAGEMENT = {
  maxConnections: 64,
  requestTimeoutSeconds: 5,
  maxInFlightBytes: 4 * 2 ** 20,
} as const satisfies Partial<Config>;

/**
 * Listens for HTTP requests.
 *
 * @param closed called for each connection that is closed to protect the service
 * @throws {ListenError}
 */
export function listen(
  listener: RequestListener,
  config: Config,
  closed?: ConnectionsOptions['closed'],
): Promise<Listener> {
  return open(listener, { ...config, variable: 'PORT', firstRequestSeconds: FIRST_REQUEST_SECONDS }, closed);
}

/**
 * Listens for probes and scrapes, with connections of its own: nothing that clients do at the other ports keeps a probe
 * from its response.
 *
 * @param closed called for each connection that is closed to protect the service
 * @throws {ListenError}
 */
export function listenManagement(
  listener: RequestListener,
  { host }: Pick<Config, 'host'>,
  port: number,
  closed?: ConnectionsOptions['closed'],
): Promise<Listener> {
  return open(listener, { ...MANAGEMENT, host, port, variable: 'MANAGEMENT_PORT', firstRequestSeconds: 0 }, closed);
}

interface OpenOptions extends Pick<
  Config,
  'port' | 'host' | 'requestTimeoutSeconds' | 'maxConnections' | 'maxInFlightBytes'
> {
  /** Names the port in messages. */
  readonly variable: VariableName;
  readonly firstRequestSeconds: number;
}

async function open(
  listener: RequestListener,
  { port, host, requestTimeoutSeconds, maxConnections, maxInFlightBytes, variable, firstRequestSeconds }: OpenOptions,
  closed: ConnectionsOptions['closed'],
): Promise<Listener> {
  const requestTimeout = requestTimeoutSeconds * 1000;
  const connections = new Connections({
    most: maxConnections,
    unreadBytes: maxInFlightBytes,
    ...(closed && { closed }),
  });
  const server = createServer(
    {
      requestTimeout,
      headersTimeout: Math.min(HEADERS_SECONDS * 1000, requestTimeout),
      keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
      connectionsCheckingInterval: 1000,
      noDelay: true,
      IncomingMessage: DirectRequest,
    },
    (incoming, outgoing) => {
      if (connections.begin(incoming, outgoing)) listener(incoming, outgoing);
    },
  );
  connections.watch(server);
  // Only counts: connections that were closed to make room take a moment to end.
  server.maxConnections = 2 * maxConnections;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ListenError(`Cannot listen on ${host}:${port} (HOST, ${variable}): ${reason}`, { cause });
  }
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    dismiss: () => undefined, // middleware/draining.ts tells each client.
    async close() {
      await acceptWaiting(server);
      const sparedUntil = performance.now() + firstRequestSeconds * 1000;
      // Repeatedly, because a busy connection becomes idle when its response is sent. Requests that have arrived are
      // read before `setImmediate`, but not before a timer.
      const closeIdle = setInterval(() => {
        if (performance.now() > sparedUntil)
          setImmediate(() => {
            server.closeIdleConnections();
          });
      }, 50);
      await closeListener(server);
      clearInterval(closeIdle);
    },
    async cut() {
      const left = await new Promise<number>((resolve, reject) =>
        server.getConnections((error, count) => {
          if (error) reject(error);
          else resolve(count);
        }),
      );
      server.closeAllConnections();
      return left;
    },
  };
}

/**
 * Closes only the listener. `close` of an HTTP server would also end connections that have not sent their first
 * request, and would stop enforcing the request timeout on the others.
 *
 * @returns when every connection has ended
 */
function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) =>
    NetServer.prototype.close.call(server, () => {
      resolve();
    }),
  );
}
