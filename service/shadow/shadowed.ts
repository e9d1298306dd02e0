import type { Exchange, ExchangeRequest, ExchangeResponse, OpenExchange } from '../exchange/exchange.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import { MOST_COPIED_BYTES, type Shadow } from './shadow.ts';

/** What a copy says of itself and its sender. */
const COPIED_HEADERS = ['authorization', 'x-request-id', 'traceparent'];

/**
 * Returns a route that also sends copies of requests to a shadow. Without one, it is the same route.
 *
 * Only requests and responses in JSON are copied; others are counted as dropped.
 *
 * @param pathOf returns the path at the shadow; undefined if requests to this entry are not copied
 */
export function shadowed(
  exchange: Exchange,
  shadow: Shadow | undefined,
  pathOf: (entry: LoadedEntry) => string | undefined,
): Exchange {
  if (shadow === undefined) return exchange;
  return {
    open(entry, request) {
      const open = exchange.open(entry, request);
      const path = shadow.samples() ? pathOf(entry) : undefined;
      if (path === undefined) return open;
      const { name: model } = entry;
      return isJson(request) ? copying(open, shadow, { model, path, request }) : dropping(open, shadow, model);
    },
  };
}

const isJson = (request: ExchangeRequest): boolean =>
  request.header('content-type')?.startsWith('application/json') === true;

/** Images, forms and binary tensors: the metric says that they are not compared. */
const dropping = (open: OpenExchange, shadow: Shadow, model: string): OpenExchange => ({
  grow(bytes) {
    open.grow(bytes);
  },
  abandon() {
    open.abandon();
  },
  respond: (body): Promise<ExchangeResponse> =>
    open.respond(body).then((response) => {
      if (response.status === 200) shadow.drop(model);
      return response;
    }),
});

function copying(
  open: OpenExchange,
  shadow: Shadow,
  { model, path, request }: { readonly model: string; readonly path: string; readonly request: ExchangeRequest },
): OpenExchange {
  return {
    grow(bytes) {
      open.grow(bytes);
    },
    abandon() {
      open.abandon();
    },
    respond(body): Promise<ExchangeResponse> {
      if (body.length > MOST_COPIED_BYTES) {
        shadow.drop(model);
        return open.respond(body);
      }
      // The model's run frees the body, and the client may be gone once the response is sent.
      const copy = Uint8Array.from(body);
      const headers = headersOf(request);
      return open.respond(body).then((response) => {
        if (response.status === 200 && typeof response.body === 'string')
          shadow.add({ path, model, body: copy, headers, response: response.body });
        return response;
      });
    },
  };
}

function headersOf(request: ExchangeRequest): Readonly<Record<string, string>> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  for (const name of COPIED_HEADERS) {
    const value = request.header(name);
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
