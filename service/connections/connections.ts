import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { firstToEvict, type Evictable } from './eviction.ts';

/** The most requests of one connection that may be in progress: clients that send more do not wait for responses. */
export const MOST_PIPELINED = 32;
/**
 * How long a client may take nothing of a response. Node notices this at the latest after twice as long. It differs
 * from the keep-alive timeout, by which `#sweep` tells the two apart.
 */
export const SEND_SECONDS = 15;
const SWEEP_MS = 1000;
/** A request that has waited for its client in so many sweeps may lose its connection to a new one. */
const PATIENT_SWEEPS = 2;

/**
 * Why a connection was closed: too many requests at once, a response that nobody reads, or to make room for another
 * one, because it was idle, because its client was slow, or because all others were busy.
 */
export type CloseReason = 'pipelining' | 'unread' | 'idle' | 'slow' | 'busy';

export interface ConnectionsOptions {
  /** The most connections. @default no limit */
  readonly most?: number;
  /** The most bytes of responses that wait for their readers. @default no limit */
  readonly unreadBytes?: number;
  /** Called for each connection that is closed. @default nobody */
  readonly closed?: (reason: CloseReason) => void;
  /** @default SEND_SECONDS */
  readonly sendMs?: number;
  readonly sweepMs?: number;
}

class Connection implements Evictable {
  readonly socket: Socket;
  /** When it was last of use: its number in the order of all connections that were opened and used. */
  used: number;
  /** In how many sweeps in a row the service waited for the client. */
  waited = 0;
  /**
   * The responses in progress, and those that ended since somebody looked: a listener that removes each as it ends
   * would take a fiftieth of the time of a small prediction.
   */
  #responses: ServerResponse[] = [];

  constructor(socket: Socket, used: number) {
    this.socket = socket;
    this.used = used;
  }

  /** Adds a response. Returns false if there are too many of them in progress. */
  add(outgoing: ServerResponse): boolean {
    if (this.#responses.length > 0) {
      // They end in order, and most clients wait for one before they ask for the next.
      if (this.#responses.at(-1)?.closed === true) this.#responses.length = 0;
      else if (this.#responses.length >= MOST_PIPELINED && this.responses.length >= MOST_PIPELINED) return false;
    }
    this.#responses.push(outgoing);
    return true;
  }

  /** The responses in progress. */
  get responses(): readonly ServerResponse[] {
    if (this.#responses[0]?.closed === true) this.#responses = this.#responses.filter(({ closed }) => !closed);
    return this.#responses;
  }

  /** Whether the client is to go on: it has not sent its whole request, or not read its whole response. */
  get waits(): boolean {
    const last = this.responses.at(-1);
    return last !== undefined && (!last.req.complete || this.socket.writableLength > 0);
  }

  /** An idle connection costs nothing, one whose client is slow a request. */
  get cost(): number | undefined {
    if (this.responses.length === 0) return 0;
    return this.waited >= PATIENT_SWEEPS ? 1 : undefined;
  }

  /**
   * A connection without a request is idle since it was opened, no longer: the first request of a good client may be on
   * its way.
   */
  get since(): number {
    return this.cost === 0 ? this.used : -this.waited;
  }
}

/**
 * Bounds what clients can make the service hold for them on their connections.
 *
 * Node starts the handler of every request that is in one chunk, which may be more than a thousand, before it notices
 * that nobody reads the responses.
 */
export class Connections {
  readonly #open = new Map<Socket, Connection>();
  readonly #most: number;
  readonly #unreadBytes: number;
  readonly #closed: (reason: CloseReason) => void;
  /** Counts the connections that were opened, and each use of one. */
  #uses = 0;
  readonly #sendMs: number;
  readonly #sweepMs: number;

  constructor({
    most = Infinity,
    unreadBytes = Infinity,
    closed = () => undefined,
    sendMs = SEND_SECONDS * 1000,
    sweepMs = SWEEP_MS,
  }: ConnectionsOptions = {}) {
    this.#most = most;
    this.#unreadBytes = unreadBytes;
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

  /** Begins a request. Returns false if it must be ignored, because its connection was or is being closed. */
  begin(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { socket } = incoming;
    const connection = this.#open.get(socket);
    if (connection === undefined || socket.writableEnded) return false;
    if (!connection.add(outgoing)) {
      this.#close(socket, 'pipelining');
      return false;
    }
    connection.used = ++this.#uses;
    connection.waited = 0;
    return true;
  }

  #add(socket: Socket): void {
    if (this.#open.size >= this.#most && !this.#makeRoom()) {
      socket.destroy();
      this.#closed('busy');
      return;
    }
    this.#open.set(socket, new Connection(socket, ++this.#uses));
    socket.on('close', () => {
      this.#open.delete(socket);
    });
  }

  /**
   * Closes the connection that has been idle longest, or else the one whose client has been slow longest. Returns false
   * if all are busy.
   */
  #makeRoom(): boolean {
    const connection = firstToEvict(this.#open.values());
    if (connection === undefined) return false;
    this.#close(connection.socket, connection.cost === 0 ? 'idle' : 'slow');
    return true;
  }

  #close(socket: Socket, reason: CloseReason): void {
    this.#open.delete(socket);
    socket.destroy();
    this.#closed(reason);
  }

  /**
   * Counts for how long clients are slow, and limits the memory of unread responses and the time in which nothing of
   * one is taken. A timeout of all requests would cost every one of them a timer, and would have to be longer than the
   * longest run of a model.
   */
  #sweep(): void {
    let total = 0;
    const unread: { readonly connection: Connection; readonly bytes: number }[] = [];
    for (const connection of this.#open.values()) {
      const { socket, responses, waits } = connection;
      if (responses.length === 0) continue;
      connection.used = ++this.#uses;
      connection.waited = waits ? connection.waited + 1 : 0;
      const limited = socket.timeout === this.#sendMs;
      const sending = socket.writableLength > 0;
      if (sending !== limited) socket.setTimeout(sending ? this.#sendMs : 0);
      if (!sending) continue;
      const bytes = responses.reduce((sum, { writableLength }) => sum + writableLength, 0);
      total += bytes;
      if (connection.waited >= PATIENT_SWEEPS) unread.push({ connection, bytes });
    }
    if (total <= this.#unreadBytes) return;
    unread.sort((a, b) => b.connection.waited - a.connection.waited);
    for (const { connection, bytes } of unread) {
      if (total <= this.#unreadBytes) return;
      this.#close(connection.socket, 'unread');
      total -= bytes;
    }
  }
}
