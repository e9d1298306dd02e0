import { once } from 'node:events';
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { Server, type AddressInfo } from 'node:net';
import { GrpcStream } from './stream.ts';

/** Receives a call. It has to call `stream.receive`, or to end the stream. */
export type OnCall = (path: string, headers: IncomingHttpHeaders, stream: GrpcStream) => void;

/**
 * Accepts gRPC calls over HTTP/2 without TLS, as https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 * describes them.
 *
 * The library for Node, @grpc/grpc-js, does the same for every kind of client and server. Its layers cost more per call
 * than everything else that this service does (docs/decisions.md).
 */
export class GrpcServer {
  readonly #onCall: OnCall;
  readonly #limit: number;
  readonly #server: Server;
  /** Node loads HTTP/2 and TLS together, which takes a tenth of the start. They are loaded for the first connection. */
  #http2: Http2Server | undefined;
  readonly #sessions = new Set<ServerHttp2Session>();

  /** @param limit the size of the largest message */
  constructor(onCall: OnCall, limit: number) {
    this.#onCall = onCall;
    this.#limit = limit;
    this.#server = new Server((socket) => (this.#http2 ??= this.#createHttp2()).emit('connection', socket));
  }

  #createHttp2(): Http2Server {
    const http2 = process.getBuiltinModule('node:http2').createServer({
      // Each message has a limit. The default, for all streams of a connection together, is below that of one message.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    http2.on('session', (session) => {
      this.#sessions.add(session);
      session.on('close', () => {
        this.#sessions.delete(session);
      });
    });
    http2.on('stream', (stream, headers) => {
      const type = headers['content-type'] ?? '';
      if (headers[':method'] !== 'POST') refuse(stream, 405);
      else if (!CONTENT_TYPE.test(type)) refuse(stream, 415);
      else this.#onCall(headers[':path'] ?? '', headers, new GrpcStream(stream, headers, this.#limit));
    });
    return http2;
  }

  /** @throws the error of the operating system */
  async listen(port: number, host: string): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /** Tells the clients to open new connections. Calls in progress continue. */
  goAway(): void {
    for (const session of this.#sessions) session.close();
  }

  /** Accepts no new connections. Resolves when the last call has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.goAway();
    });
  }

  /** Ends every connection immediately. */
  destroy(): void {
    this.#server.close();
    for (const session of this.#sessions) session.destroy(undefined, CANCEL);
  }
}

/** RFC 9113, section 7: the stream is no longer needed. */
const CANCEL = 0x8;

const CONTENT_TYPE = /^application\/grpc(?:[+;]|$)/;

/** Answers a client that does not speak gRPC. */
function refuse(stream: ServerHttp2Stream, status: number): void {
  stream.on('error', () => undefined);
  // The client may already have reset it.
  if (stream.closed || stream.destroyed) return;
  stream.respond({ ':status': status, ...(status === 405 && { allow: 'POST' }) }, { endStream: true });
  stream.resume();
}
