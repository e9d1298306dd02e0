import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { freeMemory } from '../../../onnx/engine/free-memory.ts';
import { BAD_REQUEST } from '../../connections/ambiguous-head.ts';
import type { Lifecycle } from '../../lifecycle/lifecycle.ts';
import { errorResponse } from './error-response.ts';
import type { ExchangeResponse } from '../exchange.ts';
import type { HeadWriter } from './head-writer.ts';
import { servedBy } from './served-by.ts';
import type { Observation, RequestObserver } from '../request-observer.ts';

/** What every response over Node's own server needs. */
export interface Responder {
  readonly heads: HeadWriter;
  readonly observer: RequestObserver;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  /** The name that responses say they come from. If undefined, they do not say. */
  readonly replica?: string | undefined;
}

/**
 * Responds to a request that needs no body.
 *
 * @param response rejects with a `ServiceError`, or another error
 * @param pattern of the path, for the metrics
 */
export async function respond(
  responder: Responder,
  response: () => Promise<ExchangeResponse>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  pattern: string,
): Promise<void> {
  const observation = observe(responder, incoming);
  const sent = await response().catch((error: unknown) => errorResponse(error, observation, responder.logger));
  send(sent, responder, outgoing, observation, pattern);
}

/**
 * Ends the connection of a request whose head is ambiguous. What follows on it is not served: it may have been meant as
 * a part of this request's body.
 */
export function refuseHead(
  responder: Responder,
  reason: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  const observation = observe(responder, incoming);
  observation.end(400, 'none');
  responder.logger.warn(
    { request_id: observation.requestId, reason },
    'connection closed: the head of a request is ambiguous',
  );
  // Otherwise, the response to another request comes first.
  if (outgoing.socket !== null) incoming.socket.write(BAD_REQUEST);
  incoming.socket.destroySoon();
}

function observe({ observer }: Responder, { method = '', url = '', headers }: IncomingMessage): Observation {
  const path = url.split('?', 1)[0] ?? '';
  return observer.begin(method, path, (name) => headerText(headers[name]));
}

/** Sends a response, with the headers that every response has. */
export function send(
  response: ExchangeResponse,
  { heads, lifecycle, replica }: Pick<Responder, 'heads' | 'lifecycle' | 'replica'>,
  outgoing: ServerResponse,
  observation: Observation,
  pattern: string,
): void {
  const { status, body } = response;
  const head =
    replica === undefined
      ? response
      : { status, headers: [...response.headers, ...servedBy(replica, observation.started)] };
  const length = typeof body === 'string' ? Buffer.byteLength(body) : byteLength(body);
  heads.write(outgoing, head, observation.requestId, length, lifecycle.phase !== 'serving');
  if (typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body);
  else {
    for (const chunk of body) outgoing.write(chunk);
    outgoing.end(() => {
      for (const chunk of body) freeMemory(chunk);
    });
  }
  observation.end(status, pattern);
}

/** Node joins duplicates of the headers that are read here, except in the type. */
export function headerText(header: string | string[] | undefined): string | undefined {
  return typeof header === 'object' ? header.join(', ') : header;
}

function byteLength(body: Uint8Array | readonly Uint8Array[]): number {
  return body instanceof Uint8Array ? body.length : body.reduce((sum, chunk) => sum + chunk.length, 0);
}
