import type { ServerHttp2Session } from 'node:http2';
import { firstToEvict, type Evictable } from '../../connections/eviction.ts';
import { Sweep } from '../../inference/queue/deadlines.ts';

/*
 * Times are counted in sweeps, of one second each. While the event loop is busy there are no sweeps, and what has
 * arrived is read between two of them, so a client never pays for a pause of the service.
 */

/** How long the preface of HTTP/2 may take. */
export const HANDSHAKE_SECONDS = 10;
/** How long a connection may be without a call. */
export const IDLE_SECONDS = 300;
/** How often a client has to answer a ping, and how long it may take. */
export const KEEPALIVE_SECONDS = 60;
export const PING_SECONDS = 20;

export interface ConnectionLimits {
  /** The most connections. Beyond it, the one that is idle longest is closed. */
  readonly connections: number;
  readonly sweepMilliseconds: number;
}

export const defaultConnectionLimits: ConnectionLimits = { connections: 2048, sweepMilliseconds: 1000 };

/** The connection of a client. */
export class Connection implements Evictable {
  readonly #session: ServerHttp2Session;
  /** How many streams are open. */
  streams = 0;
  /** How many calls the service works on, or keeps open until their client ends them. */
  active = 0;
  /** Whether it has had a stream. */
  used = false;
  /** When its last call ended, or when it was opened: the larger, the later. */
  since: number;
  readonly #order: () => number;
  #greeted = false;
  /** What `since` was at the last sweep. */
  #idleBefore = 0;
  /** For how many sweeps it has been idle, and the other times likewise. */
  #idle = 0;
  #sinceAcknowledged = 0;

  /** @param order returns a larger number each time */
  constructor(session: ServerHttp2Session, order: () => number) {
    this.#session = session;
    this.#order = order;
    this.since = order();
    session.once('remoteSettings', () => {
      this.#greeted = true;
    });
  }

  opened(): void {
    this.streams += 1;
    this.used = true;
  }

  closed(): void {
    this.streams -= 1;
    this.since = this.#order();
  }

  /** One that never had a call costs least, then one without a call, and then one whose calls have no request. */
  get cost(): number | undefined {
    if (this.active > 0) return undefined;
    return this.streams > 0 ? 2 : Number(this.used);
  }

  /** Closes the connection once its last call has ended. */
  close(): void {
    this.#session.close();
  }

  /** Ends the connection at once. */
  destroy(): void {
    this.#session.destroy(undefined, CANCEL);
  }

  /** Counts the time that the client takes, and ends the connection if it takes too long. */
  sweep(): void {
    // It waits for its last calls, which have deadlines.
    if (this.#session.closed) return;
    const active = this.streams > 0 || this.since !== this.#idleBefore;
    this.#idleBefore = this.since;
    this.#idle = active ? 0 : this.#idle + 1;
    if (!this.#greeted) {
      if (this.#idle >= HANDSHAKE_SECONDS) this.destroy();
      return;
    }
    if (this.#idle >= IDLE_SECONDS) {
      this.close();
      return;
    }
    this.#sinceAcknowledged += 1;
    if (this.#sinceAcknowledged === KEEPALIVE_SECONDS) this.#ping();
    else if (this.#sinceAcknowledged >= KEEPALIVE_SECONDS + PING_SECONDS) this.destroy();
  }

  #ping(): void {
    this.#session.ping((error) => {
      if (error === null) this.#sinceAcknowledged = 0;
    });
  }
}

/** RFC 9113, section 7: the streams are no longer needed. */
const CANCEL = 0x8;

/** The open connections: so many, and none of a client that is gone or never speaks. */
export class Sessions {
  readonly #most: number;
  readonly #open = new Set<Connection>();
  readonly #sweep: Sweep;
  #order = 0;

  constructor({ connections, sweepMilliseconds }: ConnectionLimits) {
    this.#most = connections;
    this.#sweep = new Sweep(sweepMilliseconds, () => {
      for (const connection of this.#open) connection.sweep();
      return this.#open.size > 0;
    });
  }

  /** Returns undefined if there are too many connections, all of them in use: this one is closed then. */
  add(session: ServerHttp2Session): Connection | undefined {
    const connection = new Connection(session, () => (this.#order += 1));
    session.once('close', () => {
      this.#open.delete(connection);
    });
    if (this.#open.size >= this.#most && !this.#evict()) {
      connection.destroy();
      return undefined;
    }
    this.#open.add(connection);
    this.#sweep.start();
    return connection;
  }

  /** Closes the connections once their last calls have ended. */
  close(): void {
    for (const connection of this.#open) connection.close();
  }

  /** Ends a connection that waits for its client. Returns false if there is none. */
  #evict(): boolean {
    const victim = firstToEvict(this.#open);
    if (victim === undefined) return false;
    // Before its `close` is emitted, so that it is not chosen again.
    this.#open.delete(victim);
    // A client that has called before learns that it has to connect again. It may be about to call.
    if (victim.used && victim.streams === 0) victim.close();
    else victim.destroy();
    return true;
  }

  /** Ends all connections at once. */
  destroy(): void {
    for (const connection of this.#open) connection.destroy();
  }
}
