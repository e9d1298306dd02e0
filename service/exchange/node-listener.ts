import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { freeMemory } from '../../onnx/engine/free-memory.ts';
import type { Access } from '../authentication/access.ts';
import { authenticate, type Authentication } from '../authentication/authenticate.ts';
import { contentEncodingOf, type Encoding } from './encodings.ts';
import { receiveInflated } from './body/inflated-body.ts';
import { compressedResponse } from './response/compressed-response.ts';
import { ambiguityOf } from '../connections/ambiguous-head.ts';
import { requestHeaders } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { receiveBody, receiveStream, stopReceiving, type BodyReceiver } from './body/body-receiver.ts';
import { BodyBuffer } from './body/body-buffer.ts';
import { tooLarge } from './body/body-length.ts';
import { deadlineOf } from './deadline.ts';
import { errorResponse } from './response/error-response.ts';
import type { ExchangeRequest, ExchangeResponse, OpenExchange } from './exchange.ts';
import { HeadWriter } from './response/head-writer.ts';
import { JSON_LENGTH_HEADER } from './infer.ts';
import type { ResolvedRoute } from './model-routes.ts';
import { headerText, refuseHead, respond, send, type Responder } from './response/node-response.ts';
import type { Probe } from './probes.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import type { Observation } from './request-observer.ts';

export interface NodeListenerOptions extends Omit<Responder, 'heads'>, Authentication {
  /** Returns the route of a path; undefined if it does not run a model. */
  readonly route: (path: string) => ResolvedRoute | undefined;
  /** By path. */
  readonly probes: ReadonlyMap<string, Probe>;
  /** Returns the bytes of the largest body. */
  readonly maxBodyBytes: () => number;
  readonly requestTimeoutSeconds: number;
}

/** What all requests share. */
interface Shared extends NodeListenerOptions, Responder {}

const TIMEOUT_HEADER = requestHeaders.timeout.toLowerCase();

/**
 * Serves the requests that run models without the objects that a web framework makes for each request, which would take
 * as long as everything else together. It only serves plain ones: a POST whose path names a loaded model, with a
 * body that is chunked, or declared to be within the limit. It also serves probes, which come before anything else.
 *
 * @param otherwise serves all other requests
 */
export function nodeListener(options: NodeListenerOptions, otherwise: RequestListener): RequestListener {
  const { route, probes, lifecycle, maxBodyBytes } = options;
  const shared = { ...options, heads: new HeadWriter() };
  return (incoming, outgoing) => {
    const ambiguity = ambiguityOf(incoming);
    if (ambiguity !== undefined) {
      refuseHead(shared, ambiguity, incoming, outgoing);
      return;
    }
    const { method, url = '' } = incoming;
    const resolved = method === 'POST' ? route(url) : undefined;
    const probe = method === 'GET' ? probes.get(url) : undefined;
    if (lifecycle.phase === 'closed') otherwise(incoming, outgoing);
    else if (resolved !== undefined && hasPlainBody(incoming, maxBodyBytes()))
      new NodeExchange(shared, resolved, incoming, outgoing).start();
    else if (probe !== undefined) void respond(shared, probe, incoming, outgoing, url);
    else otherwise(incoming, outgoing);
  };
}

/** Returns whether a request has a body that is chunked, or whose declared length is within the limit. */
function hasPlainBody({ headers }: IncomingMessage, maxBytes: number): boolean {
  const length = headers['content-length'];
  return length === undefined ? headers['transfer-encoding'] !== undefined : Number(length) <= maxBytes;
}

class NodeExchange implements ExchangeRequest, BodyReceiver {
  deadline = 0;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly trace: RequestTrace | undefined;
  readonly #shared: Shared;
  readonly #resolved: ResolvedRoute;
  readonly #incoming: IncomingMessage;
  readonly #outgoing: ServerResponse;
  readonly #observation: Observation;
  #open: OpenExchange | undefined;
  /** The length of a body that does not declare it, as far as it has arrived. */
  #undeclared: number | undefined;
  /** Small bodies come in one chunk. */
  #first: Buffer | undefined;
  #whole: BodyBuffer | undefined;

  constructor(shared: Shared, resolved: ResolvedRoute, incoming: IncomingMessage, outgoing: ServerResponse) {
    this.#shared = shared;
    this.#resolved = resolved;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    const observation = shared.observer.begin('POST', incoming.url ?? '', this.header);
    this.#observation = observation;
    this.requestId = observation.requestId;
    this.traceId = observation.traceId;
    this.trace = observation.trace;
  }

  readonly header = (name: string): string | undefined => headerText(this.#incoming.headers[name]);

  /** When the client closes its side of the connection, Node ends the other, but does not destroy the response. */
  readonly abandoned = (): boolean =>
    this.#outgoing.destroyed || this.#incoming.socket.writableEnded || this.#incoming.socket.destroyed;

  start(): void {
    let access: Access | undefined | Promise<Access>;
    try {
      access = authenticate(this.#shared, this.header('authorization'));
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (!(access instanceof Promise)) {
      this.#begin(access, receiveBody);
      return;
    }
    access.then(
      (verified) => {
        if (this.#incoming.errored === null) this.#begin(verified, receiveStream);
        else this.#fail(incompleteBody(this.#incoming.errored));
      },
      (error: unknown) => {
        this.#refuse(error);
      },
    );
  }

  /** @param receive passes the body to this receiver */
  #begin(access: Access | undefined, receive: typeof receiveBody): void {
    const { requestTimeoutSeconds } = this.#shared;
    const { exchange, entry } = this.#resolved;
    let encoding: Encoding | undefined;
    try {
      access?.require(entry.name);
      encoding = contentEncodingOf(this.header('content-encoding'));
      this.#observation.runs(entry);
      this.deadline = deadlineOf(this.#observation.started, requestTimeoutSeconds, this.header(TIMEOUT_HEADER));
      this.#open = exchange.open(entry, this);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    if (encoding !== undefined) {
      this.#inflate(encoding, this.#open);
      return;
    }
    if (this.header('content-length') === undefined) this.#undeclared = 0;
    receive(this.#incoming, this);
  }

  #inflate(encoding: Encoding, open: OpenExchange): void {
    const maxBytes = this.#shared.maxBodyBytes();
    receiveInflated(this.#incoming, encoding, {
      maxBytes,
      jsonLength: this.header(JSON_LENGTH_HEADER),
      tooLarge: () => tooLarge(maxBytes, this.#resolved),
      grow: (bytes) => {
        open.grow(bytes);
      },
    }).then(
      (body) => {
        this.#respond(open, body);
      },
      (error: unknown) => {
        open.abandon();
        this.#refuse(error);
      },
    );
  }

  /** Counts a part of a body whose length is not declared. Returns false if the request was refused. */
  #count(bytes: number): boolean {
    if (this.#open === undefined) return false;
    this.#undeclared = (this.#undeclared ?? 0) + bytes;
    try {
      const most = this.#shared.maxBodyBytes();
      if (this.#undeclared > most) throw tooLarge(most, this.#resolved);
      this.#open.grow(this.#undeclared);
      return true;
    } catch (error) {
      this.#open.abandon();
      this.#open = undefined;
      stopReceiving(this.#incoming);
      this.#refuse(error);
      return false;
    }
  }

  disconnect(): void {
    this.#incoming.socket.destroy();
  }

  chunk(chunk: Buffer): void {
    if (this.#undeclared !== undefined && !this.#count(chunk.length)) return;
    if (this.#first === undefined) this.#first = chunk;
    else (this.#whole ??= this.#collect(this.#first)).add(chunk);
  }

  /** Responds at once if the connection is kept, and discards the body. */
  #refuse(error: unknown): void {
    // Under overload, collecting the garbage of these bodies would take more time than everything else about refusals.
    this.#incoming.on('data', freeMemory);
    if (this.#outgoing.shouldKeepAlive && this.#shared.lifecycle.phase === 'serving') {
      this.#fail(error);
      return;
    }
    // Node would close the connection with the response. A client that is still sending would get a reset instead.
    finished(this.#incoming, () => {
      this.#fail(error);
    });
  }

  #collect(first: Buffer): BodyBuffer {
    const declared = this.#undeclared === undefined ? Number(this.header('content-length')) : undefined;
    const whole = new BodyBuffer(declared, this.header(JSON_LENGTH_HEADER));
    whole.add(first);
    return whole;
  }

  end(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open !== undefined) this.#respond(open, this.#whole?.body ?? this.#first ?? Buffer.alloc(0));
  }

  #respond(open: OpenExchange, body: Buffer): void {
    const fail = (error: unknown): void => {
      this.#fail(error);
    };
    try {
      open.respond(body).then((response) => {
        const compressed = compressedResponse(response, this);
        if (compressed instanceof Promise)
          compressed.then((sent) => {
            this.#send(sent);
          }, fail);
        else this.#send(compressed);
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  cut(cause: Error): void {
    if (this.#open === undefined) return;
    this.#open.abandon();
    this.#open = undefined;
    this.#fail(incompleteBody(cause));
  }

  #fail(error: unknown): void {
    this.#send(errorResponse(error, this.#observation, this.#shared.logger));
  }

  #send(response: ExchangeResponse): void {
    send(response, this.#shared, this.#outgoing, this.#observation, this.#resolved.pattern);
  }
}

const incompleteBody = (cause: Error): ServiceError =>
  new ServiceError('incomplete-body', 'The connection ended before the whole body arrived.', { cause });
