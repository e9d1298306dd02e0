import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The most requests of one connection that may be in progress: clients that send more do not wait for responses. */
export const MOST_PIPELINED = 32;
/**
 * How long a client may take nothing of a response. Node notices this at the latest after twice as long. It differs
 * from the keep-alive timeout, by which `#sweep` tells the two apart.
 */
export const SEND_SECONDS = 15;
const SWEEP_MS = 1000;

/** Why a connection was closed: too many requests at once, or a response that nobody reads. */
export type CloseReason = 'pipelining' | 'unread';

export interface ConnectionsOptions {
  /** Called for each connection that is closed. @default nobody */
  readonly closed?: (reason: CloseReason) => void;
  /** @default SEND_SECONDS */
  readonly sendMs?: number;
  readonly sweepMs?: number;
}

interface Connection {
  readonly socket: Socket;
  /** The responses in progress. They end in this order. */
  readonly responses: ServerResponse[];
  /** Called when the first of them ends. */
  readonly ended: () => void;
}

/**
 * Bounds what clients can make the service hold for them on their connections.
 *
 * Node starts the handler of every request that is in one chunk, which may be more than a thousand, before it notices
 * that nobody reads the responses.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #closed: (reason: CloseReason) => void;
  readonly #sendMs: number;
  readonly #sweepMs: number;

  constructor({ closed = () => undefined, sendMs = SEND_SECONDS * 1000, sweepMs = SWEEP_MS }: ConnectionsOptions = {}) {
    this.#closed = closed;
    this.#sendMs = sendMs;
    this.#sweepMs = sweepMs;
  }

  /** Watches the connections of a server, until it closes. */
  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#add(socket);
    });
    server.on('timeout', (socket: Socket) => {
      if (socket.timeout === this.#sendMs) this.#close(socket, 'unread');
      else socket.destroy();
    });
    const sweep = setInterval(() => {
      this.#sweep();
    }, this.#sweepMs).unref();
    server.on('close', () => {
      clearInterval(sweep);
    });
  }

  /** Begins a request. Returns false if it must be ignored, because its connection was closed. */
  begin({ socket }: IncomingMessage, outgoing: ServerResponse): boolean {
    const connection = this.#open.get(socket);
    if (connection === undefined) return false;
    const { responses, ended } = connection;
    if (responses.push(outgoing) > MOST_PIPELINED) {
      this.#close(socket, 'pipelining');
      return false;
    }
    outgoing.on('close', ended);
    return true;
  }

  #add(socket: Socket): void {
    const responses: ServerResponse[] = [];
    const ended = (): void => {
      responses.shift();
    };
    this.#open.set(socket, { socket, responses, ended });
    socket.on('close', () => {
      this.#open.delete(socket);
    });
  }

  #close(socket: Socket, reason: CloseReason): void {
    this.#open.delete(socket);
    socket.destroy();
    this.#closed(reason);
  }

  /**
   * Limits the time in which nothing of a response is taken. A timeout of all requests would cost every one of them a
   * timer, and would have to be longer than the longest run of a model.
   */
  #sweep(): void {
    for (const { socket, responses } of this.#open.values()) {
      if (responses.length === 0) continue;
      const limited = socket.timeout === this.#sendMs;
      const sending = socket.writableLength > 0;
      if (sending !== limited) socket.setTimeout(sending ? this.#sendMs : 0);
    }
  }
}
