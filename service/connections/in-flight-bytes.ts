import { ServiceError } from '../errors.ts';

const LEAST_LIMIT = 64 * 2 ** 20;
/** What is larger leaves a part of the memory to the others. */
const SMALL_BYTES = 64 * 1024;
const LARGE_SHARE = 0.75;
/** When memory is short, what has waited longer than this for its client may have to give way. */
export const PATIENCE_MS = 1000;

/** Returns the default of MAX_IN_FLIGHT_BYTES. */
export function defaultInFlightBytes(maxBodyBytes: number): number {
  return Math.max(LEAST_LIMIT, 2 * maxBodyBytes);
}

/** A request or a response that has memory. */
export interface MemoryHolder {
  /** Ends it, because it waited longest for its client and others need the memory. */
  giveWay(): void;
}

/** The memory of one request, and then of its response. */
export class Reservation {
  bytes = 0;
  /** Since when it has waited for its client, in milliseconds. */
  since = 0;
  /** Whether it is of a response, which its client has to read. */
  sending = false;
  readonly #memory: InFlightBytes;
  readonly holder: MemoryHolder;

  constructor(memory: InFlightBytes, holder: MemoryHolder) {
    this.#memory = memory;
    this.holder = holder;
  }

  /**
   * Makes room for a request whose length was not declared.
   *
   * @param bytes of it that have arrived
   * @throws {ServiceError} `overloaded`
   */
  grow(bytes: number): void {
    // In large steps, as the buffer grows.
    if (bytes > this.bytes) this.#memory.resize(this, Math.max(bytes, 2 * this.bytes));
  }

  /** The whole request has arrived: it no longer depends on its client when the memory is free again. */
  arrived(): void {
    this.#memory.arrived(this);
  }

  /**
   * The memory is of the response from now on, until its client has read it. The first such response is always sent,
   * however large it is.
   *
   * @throws {ServiceError} `overloaded`
   */
  send(bytes: number): void {
    this.#memory.send(this, bytes);
  }

  /** Frees the memory. May be called again. */
  release(): void {
    this.#memory.release(this);
  }
}

/**
 * Bounds the memory of all requests that are arriving or being served, and of the responses that wait for their
 * clients, over HTTP and gRPC together. A body that is refused is refused before it is read.
 *
 * If there is no room, those that have waited longest for their clients give way, so that clients that send or read
 * slowly, or stop, do not keep others out.
 */
export class InFlightBytes {
  readonly #limit: number;
  readonly #now: () => number;
  #bytes = 0;
  /** How many responses wait for their clients. */
  #sending = 0;
  /** Those that wait for their clients, the longest first. */
  readonly #waiting = new Set<Reservation>();
  #refusal: ServiceError | undefined;

  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * Reserves memory for a request that is about to arrive.
   *
   * @param holder gives way at most once, only while it waits for its client
   * @throws {ServiceError} `overloaded`
   */
  reserve(bytes: number, holder: MemoryHolder): Reservation {
    const reservation = new Reservation(this, holder);
    this.resize(reservation, bytes);
    this.#wait(reservation);
    return reservation;
  }

  /** @throws {ServiceError} `overloaded` if there is not so much memory */
  resize(reservation: Reservation, bytes: number): void {
    const change = bytes - reservation.bytes;
    const most = bytes > SMALL_BYTES ? this.#limit * LARGE_SHARE : this.#limit;
    if (change > 0 && this.#bytes + change > most && !this.#makeRoom(most - change, reservation)) {
      // One error for all: its response is composed once.
      throw (this.#refusal ??= new ServiceError(
        'overloaded',
        `${this.#limit} bytes of requests and responses are in memory (MAX_IN_FLIGHT_BYTES). ` +
          'Send the request again later.',
      ));
    }
    reservation.bytes = bytes;
    this.#bytes += change;
  }

  arrived(reservation: Reservation): void {
    this.#waiting.delete(reservation);
  }

  send(reservation: Reservation, bytes: number): void {
    if (this.#sending > 0) this.resize(reservation, bytes);
    else {
      this.#bytes += bytes - reservation.bytes;
      reservation.bytes = bytes;
    }
    reservation.sending = true;
    this.#sending += 1;
    this.#wait(reservation);
  }

  release(reservation: Reservation): void {
    this.#waiting.delete(reservation);
    this.#bytes -= reservation.bytes;
    reservation.bytes = 0;
    if (reservation.sending) this.#sending -= 1;
    reservation.sending = false;
  }

  #wait(reservation: Reservation): void {
    reservation.since = this.#now();
    this.#waiting.add(reservation);
  }

  /**
   * Ends what waits for its client until at most so many bytes are left.
   *
   * @param asking has no more right to wait than the others: nothing that came after it gives way to it
   * @returns whether that was possible
   */
  #makeRoom(most: number, asking: Reservation): boolean {
    const latest = this.#now() - PATIENCE_MS;
    for (const reservation of this.#waiting) {
      if (this.#bytes <= most || reservation.since > latest || reservation === asking) break;
      this.release(reservation);
      reservation.holder.giveWay();
    }
    return this.#bytes <= most;
  }
}
