import { freeMemory } from '../../onnx/engine/free-memory.ts';
import { contentEncodingOf } from './encodings.ts';
import type { InFlightBytes, MemoryHolder, Reservation } from '../connections/in-flight-bytes.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { PayloadLog } from '../payload-log/payload-log.ts';
import type { PayloadRecord } from '../payload-log/payload-record.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import { mediaType } from '../protocol/media-type.ts';
import { FORM_TYPE } from '../protocol/predictions/uploads.ts';
import { isBulky, type BulkGate, type BulkyRequest } from './body/bulk-gate.ts';

/** What a route can read of a request besides its body. */
export interface ExchangeRequest {
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** Until when the response is of use, in milliseconds as in `performance.now()`. */
  readonly deadline: number;
  /** Returns whether the client has left. */
  readonly abandoned: () => boolean;
  /** Ends the connection. */
  disconnect(): void;
  readonly requestId: string;
  /** Undefined if requests are not traced. */
  readonly traceId: string | undefined;
  /** Undefined unless the request's trace is recorded. */
  readonly trace: RequestTrace | undefined;
}

export interface ExchangeResponse {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** Chunks are sent one after the other, without a copy. They belong to the sender, who may free them afterwards. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
}

/** The bodies of a route that runs a model, and how it runs. */
export interface ExchangeProtocol<Decoded, Result> {
  /** Checks what is known before the body has arrived. @throws {ServiceError} */
  check(request: ExchangeRequest, entry: LoadedEntry): void;
  /** @throws {ServiceError} */
  decode(entry: LoadedEntry, request: ExchangeRequest, body: Uint8Array): Decoded;
  /** The body that was decoded is freed once this has succeeded. After a failure, a run may still be using it. */
  run(entry: LoadedEntry, decoded: Decoded, request: ExchangeRequest): Promise<Result>;
  encode(entry: LoadedEntry, decoded: Decoded, result: Result): ExchangeResponse;
  /** Records a request for the payload log, before it runs. @param bytes the length of the body */
  recordRequest(record: PayloadRecord, decoded: Decoded, bytes: number): void;
  recordResponse(record: PayloadRecord, result: Result, response: ExchangeResponse): void;
}

/**
 * A route that runs a model, independent of what carries it: `routes/exchange-route.ts` adapts it to Hono, and
 * `node-listener.ts` to Node's own server, which takes half the time.
 */
export interface Exchange {
  /**
   * Begins with what is known before the body has arrived. Refuses a request that cannot be served in time.
   *
   * @throws {ServiceError}
   */
  open(entry: LoadedEntry, request: ExchangeRequest): OpenExchange;
}

/** A request whose body is arriving. Exactly one of `respond` and `abandon` must be called. */
export interface OpenExchange {
  /**
   * A part of a body arrived whose length was not declared.
   *
   * @param bytes of the body that have arrived
   * @throws {ServiceError} `overloaded`
   */
  grow(bytes: number): void;
  /**
   * @param body the whole body, which is not usable any more once the model has run
   * @throws {ServiceError} or an unexpected error, at once or later
   */
  respond(body: Uint8Array): Promise<ExchangeResponse>;
  /** The body did not arrive. */
  abandon(): void;
}

/** What all routes share. */
export interface Limits {
  readonly memory: InFlightBytes;
  readonly gate: BulkGate;
  /** Called for each request that one of them refuses. */
  readonly refused: (model: string, reason: 'memory' | 'slow' | 'large-requests') => void;
  /** Undefined if nothing is logged. */
  readonly payloads?: PayloadLog | undefined;
}

/** The memory of a body whose length is not declared, at first. */
export const UNDECLARED_BYTES = 16 * 1024;

/** Returns the route for a protocol. */
export function exchange<Decoded, Result>(protocol: ExchangeProtocol<Decoded, Result>, limits: Limits): Exchange {
  return {
    open(entry, request) {
      protocol.check(request, entry);
      // The length of a compressed body says nothing about its size in memory.
      const encoding = contentEncodingOf(request.header('content-encoding'));
      const declared = encoding === undefined ? request.header('content-length') : undefined;
      const bytes = Number(declared ?? 0);
      entry.executor.admit(bytes);
      const work = weight(request, bytes);
      if (isBulky(work)) {
        limits.gate.check(work, request.deadline - performance.now(), () => {
          limits.refused(entry.name, 'large-requests');
        });
      }
      return new Opened(protocol, entry, request, limits, declared === undefined ? UNDECLARED_BYTES : bytes);
    },
  };
}

/**
 * Returns how much work a body is: JSON takes several times its size in memory, binary tensors are used as they are,
 * and images are decoded elsewhere.
 */
function weight(request: ExchangeRequest, bytes: number): number {
  const declared = request.header('content-type');
  // What nearly every client sends, without splitting it.
  if (declared === 'application/json') return bytes;
  const type = mediaType(declared);
  if (type === 'application/octet-stream') return bytes / 4;
  return type.startsWith('image/') || type === FORM_TYPE ? bytes / 64 : bytes;
}

class Opened<Decoded, Result> implements OpenExchange, MemoryHolder {
  readonly #protocol: ExchangeProtocol<Decoded, Result>;
  readonly #entry: LoadedEntry;
  readonly #request: ExchangeRequest;
  readonly #limits: Limits;
  readonly #memory: Reservation;
  #record: PayloadRecord | undefined;

  /** @throws {ServiceError} `overloaded` if there is not so much memory for the body */
  constructor(
    protocol: ExchangeProtocol<Decoded, Result>,
    entry: LoadedEntry,
    request: ExchangeRequest,
    limits: Limits,
    bytes: number,
  ) {
    this.#protocol = protocol;
    this.#entry = entry;
    this.#request = request;
    this.#limits = limits;
    try {
      this.#memory = limits.memory.reserve(bytes, this);
    } catch (error) {
      limits.refused(entry.name, 'memory');
      throw error;
    }
  }

  grow(bytes: number): void {
    try {
      this.#memory.grow(bytes);
    } catch (error) {
      this.#limits.refused(this.#entry.name, 'memory');
      throw error;
    }
  }

  respond(body: Uint8Array): Promise<ExchangeResponse> {
    const [protocol, entry, request, memory] = [this.#protocol, this.#entry, this.#request, this.#memory];
    memory.arrived();
    try {
      const work = weight(request, body.length);
      if (isBulky(work)) return this.#respondInTurn(body, work);
      const decoded = this.#decode(body);
      return protocol.run(entry, decoded, request).then(
        (result) => {
          freeMemory(body);
          memory.release();
          return this.#encode(decoded, result);
        },
        (error: unknown) => {
          memory.release();
          throw error;
        },
      );
    } catch (error) {
      memory.release();
      throw error;
    }
  }

  /** Decodes and encodes in turns of the event loop that it shares with other bulky requests. */
  async #respondInTurn(body: Uint8Array, work: number): Promise<ExchangeResponse> {
    const [protocol, entry, request] = [this.#protocol, this.#entry, this.#request];
    let bulky: BulkyRequest | undefined;
    try {
      bulky = this.#limits.gate.admit(work, request.deadline - performance.now(), () => {
        this.#limits.refused(entry.name, 'large-requests');
      });
      const decoded = await bulky.work(request, () => this.#decode(body));
      const result = await protocol.run(entry, decoded, request);
      freeMemory(body);
      return await bulky.work(request, () => this.#encode(decoded, result));
    } finally {
      bulky?.end();
      this.#memory.release();
    }
  }

  #decode(body: Uint8Array): Decoded {
    const [protocol, entry, request] = [this.#protocol, this.#entry, this.#request];
    const { trace } = request;
    const decoded =
      trace === undefined
        ? protocol.decode(entry, request, body)
        : trace.during('decode', () => protocol.decode(entry, request, body));
    const { payloads } = this.#limits;
    if (payloads !== undefined) {
      this.#record = payloads.begin(entry, request);
      if (this.#record !== undefined) protocol.recordRequest(this.#record, decoded, body.length);
    }
    return decoded;
  }

  #encode(decoded: Decoded, result: Result): ExchangeResponse {
    const [protocol, entry] = [this.#protocol, this.#entry];
    const { trace } = this.#request;
    const response =
      trace === undefined
        ? protocol.encode(entry, decoded, result)
        : trace.during('encode', () => protocol.encode(entry, decoded, result));
    if (this.#record !== undefined) protocol.recordResponse(this.#record, result, response);
    return response;
  }

  giveWay(): void {
    this.#limits.refused(this.#entry.name, 'slow');
    this.#request.disconnect();
  }

  abandon(): void {
    this.#memory.release();
  }
}
