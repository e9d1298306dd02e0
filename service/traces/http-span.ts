import type { RequestTrace } from './request-trace.ts';
import type { Attribute } from './span.ts';
import type { ReadHeader } from './tracer.ts';

/** A request over HTTP that has its response. */
export interface ServedRequest {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string;
  /** In milliseconds, as in `performance.now()`. */
  readonly started: number;
  readonly milliseconds: number;
}

/** Clients may send any other method; each would be another name of a span. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'];

/**
 * Ends a trace with OpenTelemetry's attributes of HTTP servers: https://opentelemetry.io/docs/specs/semconv/http/.
 *
 * @param route the pattern of the path; `none` if there is no route
 */
export function endHttp(trace: RequestTrace, request: ServedRequest, route: string, header: ReadHeader): void {
  const { method, path, status, requestId, started, milliseconds } = request;
  const known = METHODS.includes(method);
  const hasRoute = route !== 'none';
  const agent = header('user-agent');
  const failed = status >= 500;
  const attributes: Attribute[] = [
    ['http.request.method', known ? method : '_OTHER'],
    ...(known ? [] : ([['http.request.method_original', method]] as const)),
    ['url.path', path],
    ['url.scheme', 'http'],
    ...(hasRoute ? ([['http.route', route]] as const) : []),
    ['http.response.status_code', status],
    ...(failed ? ([['error.type', String(status)]] as const) : []),
    ...addressOf(header('host')),
    ['network.protocol.version', '1.1'],
    ...(agent === undefined ? [] : ([['user_agent.original', agent]] as const)),
    ['rhizome.request_id', requestId],
  ];
  const name = `${known ? method : 'HTTP'}${hasRoute ? ` ${route}` : ''}`;
  trace.end(name, started, started + milliseconds, attributes, failed);
}

/** Returns the address in a `Host` header. */
export function addressOf(host: string | undefined): Attribute[] {
  const [, address, port] = /^(\[[^\]]*\]|[^:]+)(?::(\d{1,5}))?$/.exec(host ?? '') ?? [];
  if (address === undefined) return [];
  return [['server.address', address], ...(port === undefined ? [] : ([['server.port', Number(port)]] as const))];
}
