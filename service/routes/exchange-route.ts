import type { Handler, Context } from 'hono';
import { compressedResponse } from '../exchange/response/compressed-response.ts';
import { requestHeaders } from '../contract/index.ts';
import { deadlineOf } from '../exchange/deadline.ts';
import type { Exchange, ExchangeRequest } from '../exchange/exchange.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import { disconnect, hasLeft } from '../middleware/connection.ts';
import { toResponse } from '../middleware/to-response.ts';
import { readBody } from './request-body.ts';

/**
 * Returns a route that runs a model.
 *
 * @param find returns the model of a request
 */
export function exchangeRoute(
  exchange: Exchange,
  find: (c: Context) => LoadedEntry,
  requestTimeoutSeconds: number,
): Handler {
  return async (c) => {
    const entry = find(c);
    const observation = c.get('observation');
    c.get('access')?.require(entry.name);
    observation.runs(entry);
    const request: ExchangeRequest = {
      header: (name) => c.req.header(name),
      deadline: deadlineOf(observation.started, requestTimeoutSeconds, c.req.header(requestHeaders.timeout)),
      abandoned: () => hasLeft(c),
      disconnect: () => {
        disconnect(c);
      },
      requestId: observation.requestId,
      traceId: observation.traceId,
      trace: observation.trace,
    };
    const opened = exchange.open(entry, request);
    const body = await readBody(c).catch((error: unknown) => {
      opened.abandon();
      throw error;
    });
    return toResponse(c, await compressedResponse(await opened.respond(body), request));
  };
}
