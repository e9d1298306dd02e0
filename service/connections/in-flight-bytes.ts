import { ServiceError } from '../errors.ts';

const LEAST_LIMIT = 64 * 2 ** 20;
/** Larger requests leave a part of the memory to the others. */
const SMALL_BYTES = 64 * 1024;
const LARGE_SHARE = 0.75;
/** When memory is short, a body that has taken longer to arrive may be cut. */
export const PATIENCE_MS = 1000;

/** Returns the default of MAX_IN_FLIGHT_BYTES. */
export function defaultInFlightBytes(maxBodyBytes: number): number {
  return Math.max(LEAST_LIMIT, 2 * maxBodyBytes);
}

/** What is cut. */
export interface Disconnectable {
  /** Ends the connection. */
  disconnect(): void;
}

/** The memory of one request's body, from its head to its response. */
export class Reservation {
  bytes = 0;
  /** When it began, in milliseconds. */
  readonly since: number;
  readonly #memory: InFlightBytes;
  readonly request: Disconnectable;

  constructor(memory: InFlightBytes, since: number, request: Disconnectable) {
    this.#memory = memory;
    this.since = since;
    this.request = request;
  }

  /**
   * Makes room for a body whose length was not declared.
   *
   * @param bytes of it that have arrived
   * @throws {ServiceError} `overloaded`
   */
  grow(bytes: number): void {
    // In large steps, as the buffer grows.
    if (bytes > this.bytes) this.#memory.take(this, Math.max(bytes, 2 * this.bytes) - this.bytes);
  }

  /** The whole body has arrived: it no longer depends on its client when the memory is free again. */
  arrived(): void {
    this.#memory.arrived(this);
  }

  /** Frees the memory. May be called again. */
  release(): void {
    this.#memory.release(this);
  }
}

/**
 * Bounds the memory of all bodies that are arriving or being served. What is refused is refused before its body is
 * read.
 *
 * If there is no room, the bodies that have been arriving longest are cut, so that clients that send slowly, or stop,
 * do not keep others out.
 */
export class InFlightBytes {
  readonly #limit: number;
  readonly #now: () => number;
  #bytes = 0;
  /** The oldest first. */
  readonly #arriving = new Set<Reservation>();
  #refusal: ServiceError | undefined;

  constructor(limit: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#now = now;
  }

  /**
   * Reserves memory for a body.
   *
   * @param request is disconnected at most once, only while the body is arriving
   * @throws {ServiceError} `overloaded`
   */
  reserve(bytes: number, request: Disconnectable): Reservation {
    const reservation = new Reservation(this, this.#now(), request);
    this.take(reservation, bytes);
    this.#arriving.add(reservation);
    return reservation;
  }

  /** Adds bytes to a reservation. @throws {ServiceError} `overloaded` */
  take(reservation: Reservation, bytes: number): void {
    const most = reservation.bytes + bytes > SMALL_BYTES ? this.#limit * LARGE_SHARE : this.#limit;
    if (this.#bytes + bytes > most && !this.#makeRoom(most - bytes)) {
      // One error for all: its response is composed once.
      throw (this.#refusal ??= new ServiceError(
        'overloaded',
        `${this.#limit} bytes of requests are in memory (MAX_IN_FLIGHT_BYTES). Send the request again later.`,
      ));
    }
    reservation.bytes += bytes;
    this.#bytes += bytes;
  }

  arrived(reservation: Reservation): void {
    this.#arriving.delete(reservation);
  }

  release(reservation: Reservation): void {
    this.#arriving.delete(reservation);
    this.#bytes -= reservation.bytes;
    reservation.bytes = 0;
  }

  /** Cuts bodies until at most so many bytes are left. Returns whether that was possible. */
  #makeRoom(most: number): boolean {
    const latest = this.#now() - PATIENCE_MS;
    for (const reservation of this.#arriving) {
      if (this.#bytes <= most || reservation.since > latest) break;
      this.release(reservation);
      reservation.request.disconnect();
    }
    return this.#bytes <= most;
  }
}
