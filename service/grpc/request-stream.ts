import type { Reservation } from '../connections/in-flight-bytes.ts';
import { PREFIX_BYTES } from './http2/messages.ts';
import type { Status } from './http2/status-codes.ts';
import { shuttingDown, type Call, type Messages, type StreamingCall } from './method.ts';

/**
 * How many requests of one stream may be in progress, until the client has taken their responses, and how many bytes
 * they may have. A larger request is in progress alone.
 */
const MOST_REQUESTS = 16;
const MOST_BYTES = 2 ** 20;
/** How much of a stream may be taken after the shutdown has begun: what a client sends before it has to wait. */
const LAST_BYTES = 64 * 1024;

/** What a method with one response for each request does with one. */
export interface RequestHandler {
  /** Resolves with the response, with its prefix. */
  respond(message: Buffer, call: Call): Promise<Buffer>;
  /** Returns the response to a request that failed, with its prefix. */
  failed(message: Buffer, status: Status): Buffer;
}

interface Response {
  readonly frame: Buffer;
  /** Of the response; undefined if it is small. */
  readonly memory?: Reservation;
  /** Why the request failed. */
  readonly error?: unknown;
}

/**
 * A call with any number of requests, each of which gets one response, in the order of the requests. A few are in
 * progress at once, so that the model can run them together; then the client has to wait.
 */
export class RequestStream implements Messages {
  readonly #call: StreamingCall;
  readonly #handler: RequestHandler;
  readonly #failsAtOnce: boolean;
  /** How many requests are in progress, and their bytes. */
  #requests = 0;
  #bytes = 0;
  /** How many of these have no response yet. */
  #running = 0;
  readonly #memory = new Set<Reservation>();
  /** Resolves when all responses so far have been passed on. */
  #passedOn: Promise<void> = Promise.resolve();
  #held = false;
  #halfClosed = false;
  /** How many bytes may still be taken, once the replica shuts down. */
  #last: number | undefined;
  #closed = false;

  /** @param failsAtOnce whether a request that fails ends the call with its status */
  constructor(call: StreamingCall, handler: RequestHandler, failsAtOnce: boolean) {
    this.#call = call;
    this.#handler = handler;
    this.#failsAtOnce = failsAtOnce;
  }

  onMessage(message: Buffer): void {
    const bytes = message.length;
    this.#requests += 1;
    this.#running += 1;
    this.#bytes += bytes;
    this.#call.working(true);
    const response = this.#respond(message);
    this.#passedOn = this.#passedOn
      .then(async () => {
        this.#passOn(await response, bytes);
      })
      .catch((error: unknown) => {
        this.#call.fail(error);
      });
    if (this.#last !== undefined) this.#last -= bytes + PREFIX_BYTES;
    if (this.#isFull || this.#isLast) {
      this.#held = true;
      this.#call.hold();
    }
  }

  onHalfClose(): void {
    this.#halfClosed = true;
    this.#endIfDone();
  }

  onShutdown(): void {
    this.#last ??= LAST_BYTES;
    this.#endIfDone();
  }

  onClose(): void {
    this.#closed = true;
    for (const memory of this.#memory) memory.release();
    this.#memory.clear();
  }

  get #isFull(): boolean {
    return this.#requests >= MOST_REQUESTS || this.#bytes >= MOST_BYTES;
  }

  get #isLast(): boolean {
    return this.#last !== undefined && this.#last <= 0;
  }

  /** @throws {ServiceError} `unauthorized`, which ends the call; any other error is the response */
  async #respond(message: Buffer): Promise<Response> {
    const request = this.#call.begin();
    let memory: Reservation | undefined;
    try {
      memory = this.#call.reserve(message.length);
      this.#memory.add(memory);
      const frame = await this.#call.compress(await this.#handler.respond(message, request));
      if (!this.#closed) memory.send(frame.length);
      request.succeed();
      return { frame, memory };
    } catch (error) {
      if (memory !== undefined) this.#release(memory);
      return { frame: this.#handler.failed(message, request.fail(error)), error };
    }
  }

  #passOn({ frame, memory, error }: Response, bytes: number): void {
    this.#running -= 1;
    if (this.#running === 0) this.#call.working(false);
    if (error !== undefined && this.#failsAtOnce) this.#call.fail(error);
    this.#call.write(frame, () => {
      if (memory !== undefined) this.#release(memory);
      this.#requests -= 1;
      this.#bytes -= bytes;
      if (this.#held) this.#continue();
      else this.#endIfDone();
    });
  }

  /** Takes the next requests in another turn of the event loop: others get in between, if each takes no time. */
  #continue(): void {
    if (this.#isLast) this.#endIfDone();
    else if (!this.#isFull)
      setImmediate(() => {
        if (!this.#held || this.#isFull) return;
        this.#held = false;
        this.#call.release();
        // What has arrived follows within this turn.
        setImmediate(() => {
          this.#endIfDone();
        });
      });
  }

  #endIfDone(): void {
    if (this.#requests > 0 || (this.#held && !this.#isLast)) return;
    if (this.#halfClosed) this.#call.finish();
    else if (this.#last !== undefined) this.#call.fail(shuttingDown());
  }

  #release(memory: Reservation): void {
    memory.release();
    this.#memory.delete(memory);
  }
}
