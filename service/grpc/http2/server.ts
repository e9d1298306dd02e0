import { once } from 'node:events';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Server, type AddressInfo, type Socket } from 'node:net';
import { acceptWaiting } from '../../connections/accept-waiting.ts';
import { defaultConnectionLimits, Sessions, type Connection, type ConnectionLimits } from './sessions.ts';
import { GrpcStream } from './stream.ts';

/** The most calls of a connection at once. Clients learn the number when they connect, and wait. */
export const MOST_STREAMS = 128;
/** How long a client may take to close a connection that the service has closed. */
const LINGER_MS = 3000;

export interface CallHandler {
  /** Receives a call. It has to call `stream.attach`, and to read the stream or to end it. */
  onCall(path: string, headers: IncomingHttpHeaders, stream: GrpcStream): void;
  /** A request is not one of gRPC, and is answered with a status of HTTP. */
  onRefused(path: string, headers: IncomingHttpHeaders, status: number): void;
}

/**
 * Accepts gRPC calls over HTTP/2 without TLS, as https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 * describes them.
 *
 * The library for Node, @grpc/grpc-js, does the same for every kind of client and server. Its layers cost more per call
 * than everything else that this service does (docs/decisions.md).
 */
export class GrpcServer {
  readonly #handler: CallHandler;
  readonly #limit: () => number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Node loads HTTP/2 and TLS together, which takes a tenth of the start. They are loaded for the first connection. */
  #http2: Http2Server | undefined;
  readonly #sessions: Sessions;

  /** @param limit returns the size of the largest message */
  constructor(handler: CallHandler, limit: () => number, limits: ConnectionLimits = defaultConnectionLimits) {
    this.#handler = handler;
    this.#limit = limit;
    this.#sessions = new Sessions(limits);
    this.#server = new Server((socket) => {
      this.#watch(socket);
      (this.#http2 ??= this.#createHttp2()).emit('connection', socket);
    });
    // A connection that is evicted is gone only a moment later. This bounds how many of these there are.
    this.#server.maxConnections = 2 * limits.connections;
  }

  /** Node waits for the client to close a connection too, for as long as it likes. */
  #watch(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('finish', () => {
      setTimeout(() => socket.destroy(), LINGER_MS).unref();
    });
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #createHttp2(): Http2Server {
    const http2 = process.getBuiltinModule('node:http2').createServer({
      // Each message has a limit. The default, for all streams of a connection together, is below that of one message.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      // Node ends the connection of a client that ignores it.
      settings: { maxConcurrentStreams: MOST_STREAMS },
    });
    http2.on('session', (session) => {
      const connection = this.#sessions.add(session);
      if (connection === undefined) return;
      session.on('stream', (stream, headers) => {
        this.#accept(stream, headers, connection);
      });
    });
    return http2;
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, connection: Connection): void {
    connection.opened();
    const path = headers[':path'] ?? '';
    const status = headers[':method'] !== 'POST' ? 405 : CONTENT_TYPE.test(headers['content-type'] ?? '') ? 200 : 415;
    if (status === 200) {
      this.#handler.onCall(path, headers, new GrpcStream(stream, headers, this.#limit(), connection));
      return;
    }
    stream.on('close', () => {
      connection.closed();
    });
    this.#handler.onRefused(path, headers, status);
    refuse(stream, status);
  }

  /** @throws the error of the operating system */
  async listen(port: number, host: string): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** Tells the clients to open new connections. Calls in progress continue. */
  goAway(): void {
    this.#sessions.close();
  }

  /** Accepts no new connections. Resolves when the last call has ended. */
  async close(): Promise<void> {
    await acceptWaiting(this.#server);
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.goAway();
    });
  }

  /** Ends every connection immediately. */
  destroy(): void {
    this.#server.close();
    this.#sessions.destroy();
    // A session that was closed before only ends its side of the connection.
    for (const socket of this.#sockets) socket.destroy();
  }
}

const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/;

/** Answers a client that does not speak gRPC. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.on('error', () => undefined);
  // The client may already have reset it.
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ':status': status, ...(status === 405 && { allow: 'POST' }) }, { endStream: true });
  // Whatever else the client sends is not read. RFC 9113, section 8.1.
  stream.close(NO_ERROR);
}

/** RFC 9113, section 7: the end of a stream without an error. */
const NO_ERROR = 0x0;
