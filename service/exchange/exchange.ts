import { freeMemory } from '../../onnx/engine/free-memory.ts';
import type { LoadedEntry } from '../inference/repository.ts';
import { isBulky, type BulkGate, type BulkyRequest } from './bulk-gate.ts';

/** What a route can read of a request besides its body. */
export interface ExchangeRequest {
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** Until when the response is of use, in milliseconds as in `performance.now()`. */
  readonly deadline: number;
  /** Returns whether the client has left. */
  readonly abandoned: () => boolean;
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
  check(request: ExchangeRequest): void;
  /** @throws {ServiceError} */
  decode(entry: LoadedEntry, request: ExchangeRequest, body: Uint8Array): Decoded;
  /** The body that was decoded is freed once this has succeeded. After a failure, a run may still be using it. */
  run(entry: LoadedEntry, decoded: Decoded, request: ExchangeRequest): Promise<Result>;
  encode(entry: LoadedEntry, decoded: Decoded, result: Result): ExchangeResponse;
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

/** A request whose body is arriving. Exactly one of its methods must be called. */
export interface OpenExchange {
  /**
   * @param body the whole body, which is not usable any more once the model has run
   * @throws {ServiceError} or an unexpected error, at once or later
   */
  respond(body: Uint8Array): Promise<ExchangeResponse>;
  /** The body did not arrive. */
  abandon(): void;
}

/** Returns the route for a protocol. */
export function exchange<Decoded, Result>(
  protocol: ExchangeProtocol<Decoded, Result>,
  gate: BulkGate,
  refused: (model: string) => void,
): Exchange {
  return {
    open(entry, request) {
      protocol.check(request);
      const bytes = Number(request.header('content-length') ?? 0);
      entry.executor.admit(bytes);
      const work = weight(request, bytes);
      if (!isBulky(work)) return new Opened(protocol, entry, request);
      const bulky = gate.admit(work, request.deadline - performance.now(), () => {
        refused(entry.name);
      });
      return new Opened(protocol, entry, request, bulky);
    },
  };
}

/**
 * Returns how much work a body is: JSON takes several times its size in memory, binary tensors are used as they are.
 */
function weight(request: ExchangeRequest, bytes: number): number {
  return request.header('content-type') === 'application/octet-stream' ? bytes / 4 : bytes;
}

class Opened<Decoded, Result> implements OpenExchange {
  readonly #protocol: ExchangeProtocol<Decoded, Result>;
  readonly #entry: LoadedEntry;
  readonly #request: ExchangeRequest;
  readonly #bulky: BulkyRequest | undefined;

  /** @param bulky decodes and encodes in turns of the event loop that it shares with other bulky requests */
  constructor(
    protocol: ExchangeProtocol<Decoded, Result>,
    entry: LoadedEntry,
    request: ExchangeRequest,
    bulky?: BulkyRequest,
  ) {
    this.#protocol = protocol;
    this.#entry = entry;
    this.#request = request;
    this.#bulky = bulky;
  }

  respond(body: Uint8Array): Promise<ExchangeResponse> {
    if (this.#bulky !== undefined) return this.#respondInTurn(body, this.#bulky);
    const [protocol, entry, request] = [this.#protocol, this.#entry, this.#request];
    const decoded = protocol.decode(entry, request, body);
    return protocol.run(entry, decoded, request).then((result) => {
      freeMemory(body);
      return protocol.encode(entry, decoded, result);
    });
  }

  async #respondInTurn(body: Uint8Array, bulky: BulkyRequest): Promise<ExchangeResponse> {
    const [protocol, entry, request] = [this.#protocol, this.#entry, this.#request];
    try {
      const decoded = await bulky.work(request, () => protocol.decode(entry, request, body));
      const result = await protocol.run(entry, decoded, request);
      freeMemory(body);
      return await bulky.work(request, () => protocol.encode(entry, decoded, result));
    } finally {
      bulky.end();
    }
  }

  abandon(): void {
    this.#bulky?.end();
  }
}
