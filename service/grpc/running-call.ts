// One class: a call from its headers until its stream is closed. Each step needs the state that the one before left.
import type { IncomingHttpHeaders } from 'node:http2';
import type { Logger } from 'pino';
import type { Access } from '../authentication/access.ts';
import { checkKey } from '../authentication/api-key.ts';
import { authenticate, type Authentication } from '../authentication/authenticate.ts';
import type { Evictable } from '../connections/eviction.ts';
import type { InFlightBytes, MemoryHolder, Reservation } from '../connections/in-flight-bytes.ts';
import { ServiceError } from '../errors.ts';
import { requestIdOf } from '../exchange/request-id.ts';
import { formatValue } from '../inference/format-value.ts';
import type { AccessEntry, AccessLog } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { endGrpc } from '../traces/grpc-span.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import type { ReadHeader, Tracer } from '../traces/tracer.ts';
import { OK, type Status, type StatusName } from './http2/status-codes.ts';
import type { GrpcStream, Receiver, Violation } from './http2/stream.ts';
import { parseTimeout } from './http2/timeout.ts';
import {
  shuttingDown,
  type Messages,
  type Method,
  type StreamedRequest,
  type StreamingCall,
  type UnaryMethod,
} from './method.ts';
import { statusOfFailure } from './status.ts';
import { ObservedRequest } from './observed-request.ts';

const REQUEST_ID = 'x-request-id';
/** What a client has to read per second, beyond `sendSeconds`. */
const SEND_BYTES_PER_SECOND = 262_144;
/** How long the status of a call that gives way may take to be sent. */
const CUT_MILLISECONDS = 1000;

export interface CallLimits {
  /** The most open calls. Beyond it, the one that has waited longest for its client ends. */
  readonly calls: number;
  /** How long a client may take to read a small response. */
  readonly sendSeconds: number;
}

export interface CallsOptions extends Authentication {
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  readonly metrics: Metrics;
  readonly requestTimeoutSeconds: number;
  /** Returns the bytes of the largest message. */
  readonly maxBodyBytes: () => number;
  readonly memory: InFlightBytes;
  readonly limits: CallLimits;
  /** Undefined if requests are not traced. */
  readonly tracer: Tracer | undefined;
}

/** What a call tells the one who counts the calls. */
export interface CallCounter {
  add(call: RunningCall): void;
  remove(call: RunningCall): void;
}

/** A call, from its headers until its stream is closed. */
export class RunningCall implements StreamingCall, Receiver, AccessEntry, MemoryHolder, Evictable {
  readonly path: string;
  /** In the log, in place of the method of HTTP. */
  readonly method = 'gRPC';
  /** Undefined if there is no such method. */
  readonly handler: Method | undefined;
  readonly requestId: string;
  /** Infinity for a call that lasts until its client ends it. */
  readonly deadline: number;
  /** Until when the present step may take: the call, and then sending its response. */
  until: number;
  /** When the present step began. */
  since: number;
  access: Access | undefined = undefined;
  model: string | undefined = undefined;
  /** For the log, once the call has ended. */
  status: StatusName = 'OK';
  milliseconds = 0;
  readonly traceId: string | undefined;
  readonly trace: RequestTrace | undefined;
  readonly #header: ReadHeader;
  readonly #started: number;
  readonly #stream: GrpcStream;
  readonly #options: CallsOptions;
  readonly #counter: CallCounter;
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #authorization: string | undefined;
  /** Undefined if the header is invalid. */
  readonly #timeout: number | undefined;
  #ended = false;
  /** Whether the method works on the response, or the call lasts until its client ends it. */
  #active = false;
  #request: Buffer | undefined;
  #messages: Messages | undefined;
  /** Whether the requests of the call are counted instead of the call. */
  #manyRequests = false;
  /** How many bytes of messages the client has yet to take. */
  #unsent = 0;
  /** Of the request, and then of the response. */
  #memory: Reservation | undefined;

  constructor(
    path: string,
    handler: Method | undefined,
    headers: IncomingHttpHeaders,
    stream: GrpcStream,
    options: CallsOptions,
    counter: CallCounter,
  ) {
    this.#started = this.since = performance.now();
    this.path = path;
    this.handler = handler;
    this.#stream = stream;
    this.#options = options;
    this.#counter = counter;
    this.#header = (name) => textOf(headers[name]);
    // Probes are not traced, and of a call that lasts, each request by itself.
    const trace = handler?.open === true || handler?.endless === true ? undefined : options.tracer?.start(this.#header);
    this.traceId = trace?.traceId;
    this.trace = trace?.recording;
    this.requestId = requestIdIn(headers, this.traceId);
    this.#authorization = headers.authorization;
    this.#metadata = { [REQUEST_ID]: this.requestId };
    this.#timeout = parseTimeout(textOf(headers['grpc-timeout']));
    const most = handler?.endless === true ? Infinity : options.requestTimeoutSeconds * 1000;
    this.deadline = this.#started + Math.min(this.#timeout ?? Infinity, most);
    this.until = this.deadline;
  }

  get connection(): object {
    return this.#stream.connection;
  }

  /** A call whose request is incomplete costs less than a response that its client has yet to read. */
  get cost(): number | undefined {
    if (this.#ended) return 1;
    if (this.#active) return undefined;
    return this.#unsent > 0 ? 1 : 0;
  }

  readonly abandoned = (): boolean => this.#ended;

  /** @param admitted false if there are too many calls */
  start(headers: IncomingHttpHeaders, admitted: boolean): void {
    const { metrics } = this.#options;
    this.#counter.add(this);
    this.#stream.attach(this);
    metrics.requests.begin('grpc');
    const { handler } = this;
    if (this.#timeout === undefined) {
      this.#finish({
        code: 'INTERNAL',
        message: `grpc-timeout is ${formatValue(headers['grpc-timeout'])}, expected a duration such as 5S.`,
      });
      return;
    }
    try {
      if (!admitted) throw new ServiceError('overloaded', 'There are too many calls at once. Call again later.');
      if (handler === undefined)
        throw new ServiceError('route-not-found', `There is no method ${formatValue(this.path)}.`);
      const access = handler.open === true ? undefined : authenticate(this.#options, this.#authorization);
      if (access instanceof Promise)
        access.then(
          (verified) => {
            this.#read(handler, verified, headers);
          },
          (error: unknown) => {
            this.fail(error);
          },
        );
      else this.#read(handler, access, headers);
    } catch (error) {
      this.fail(error);
    }
  }

  #read(handler: Method, access: Access | undefined, headers: IncomingHttpHeaders): void {
    // While the token was verified, the client may have left.
    if (this.#ended) return;
    this.access = access;
    try {
      if ('stream' in handler) {
        this.#messages = handler.stream(this, headers);
        this.#manyRequests = handler.manyRequests === true;
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.#manyRequests) this.#options.metrics.requests.forget('grpc');
    this.#stream.read(this);
  }

  onMessage(message: Buffer): void {
    // A message that had to be decompressed may come after the end.
    if (this.#ended) return;
    if (this.#messages !== undefined) {
      this.#memory?.release();
      this.#memory = undefined;
      this.#messages.onMessage(message);
    } else if (this.#request === undefined) {
      this.#request = message;
      this.#hold(message.length);
    } else {
      this.onViolation({ code: 'UNIMPLEMENTED', message: 'There is more than one request message.' });
    }
  }

  onPart(bytes: number): void {
    if (!this.#ended) this.#hold((this.#request?.length ?? 0) + bytes);
  }

  onHalfClose(): void {
    if (this.#ended) return;
    const request = this.#request;
    if (this.#messages !== undefined) this.#messages.onHalfClose?.();
    else if (request === undefined)
      this.onViolation({ code: 'UNIMPLEMENTED', message: 'There is no request message.' });
    else {
      this.working(true);
      this.#request = undefined;
      this.#memory?.arrived();
      void this.#respond(this.handler as UnaryMethod, request);
    }
  }

  async #respond(method: UnaryMethod, request: Buffer): Promise<void> {
    try {
      const plain = await method.respond(request, this);
      const compressed = this.#stream.compress(plain);
      const frame = compressed instanceof Promise ? await compressed : compressed;
      if (this.#ended) return;
      this.#memory?.send(frame.length);
      this.#end('OK');
      this.until += (frame.length / SEND_BYTES_PER_SECOND) * 1000;
      this.#stream.respond(frame, this.#metadata);
    } catch (error) {
      this.fail(error);
    }
  }

  onViolation(violation: Violation): void {
    if (violation !== 'too-large') {
      this.#finish(violation);
      return;
    }
    this.fail(
      new ServiceError(
        'body-too-large',
        `The message is larger than ${this.#options.maxBodyBytes()} bytes (MAX_BODY_BYTES). ` +
          'Send less in one call, raw_input_contents rather than typed contents, or set a larger MAX_BODY_BYTES.',
      ),
    );
  }

  /** Follows every end. If the call has not ended yet, the client has cancelled it. */
  onClose(): void {
    this.#end('CANCELLED');
    this.#memory?.release();
    this.#counter.remove(this);
    this.#messages?.onClose?.();
  }

  send(frame: Buffer): void {
    this.#stream.send(frame, this.#metadata);
  }

  begin(): StreamedRequest {
    // The key may have been replaced, or the token may have expired, since the call began.
    if (this.access === undefined) checkKey(this.#options.apiKey(), this.#authorization);
    else this.access.check(Date.now());
    return new ObservedRequest(this, this.#options, this.#header);
  }

  reserve(bytes: number): Reservation {
    const reservation = this.#options.memory.reserve(bytes, this);
    reservation.arrived();
    return reservation;
  }

  compress(frame: Buffer): Buffer | Promise<Buffer> {
    return this.#stream.compress(frame);
  }

  write(frame: Buffer, sent: () => void): void {
    this.#unsent += frame.length;
    this.#limitSending();
    this.#stream.write(frame, this.#metadata, () => {
      this.#unsent -= frame.length;
      this.#limitSending();
      sent();
    });
  }

  /** Limits the time until the client takes something more. */
  #limitSending(): void {
    if (this.#ended) return;
    const { sendSeconds } = this.#options.limits;
    const latest = performance.now() + (sendSeconds + this.#unsent / SEND_BYTES_PER_SECOND) * 1000;
    this.until = this.#unsent === 0 ? this.deadline : Math.min(this.deadline, latest);
  }

  hold(): void {
    this.#stream.hold();
  }

  release(): void {
    this.#stream.release();
  }

  /** Ends a call that would not end by itself. */
  shutDown(): void {
    if (this.#messages?.onShutdown !== undefined) this.#messages.onShutdown();
    else this.fail(shuttingDown());
  }

  finish(): void {
    this.#finish(OK);
  }

  /** Ends the step that has taken too long. */
  expire(): void {
    if (this.#ended) {
      this.#stream.cut();
      return;
    }
    const seconds = this.#options.requestTimeoutSeconds;
    if (performance.now() < this.deadline) {
      this.fail(new ServiceError('timeout', 'The client took too long to read its responses.'));
      this.#stream.cut();
      return;
    }
    this.fail(
      new ServiceError(
        'timeout',
        this.handler?.endless === true || (this.#timeout ?? Infinity) < seconds * 1000
          ? 'The deadline of the call passed before it was complete.'
          : `The call was not complete within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`,
      ),
    );
  }

  /** Ends the call in favour of another one. */
  giveWay(): void {
    // Before its stream is closed, so that it is not chosen again.
    this.#memory?.release();
    this.#counter.remove(this);
    if (this.#ended) {
      this.#stream.cut();
      return;
    }
    this.fail(
      new ServiceError('overloaded', 'Others need the memory of this call, which waited longest for its client.'),
    );
    // A client that does not read its connection delays the end of the stream, but not for long.
    setTimeout(() => {
      this.#stream.cut();
    }, CUT_MILLISECONDS).unref();
  }

  working(active: boolean): void {
    if (active === this.#active || this.#ended) return;
    this.#active = active;
    this.#stream.connection.active += active ? 1 : -1;
    if (!active) this.since = performance.now();
  }

  /** Makes room for the request, as far as it has arrived; or ends the call. */
  #hold(bytes: number): void {
    try {
      if (this.#memory === undefined) this.#memory = this.#options.memory.reserve(bytes, this);
      else this.#options.memory.resize(this.#memory, bytes);
    } catch (error) {
      this.fail(error);
    }
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#finish(statusOfFailure(error, this, this.#options.logger));
  }

  #finish(status: Status): void {
    this.#end(status.code);
    this.#stream.end(status, this.#metadata);
  }

  /** Logs and counts the call. Only the first end counts. */
  #end(code: StatusName): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#active) this.#stream.connection.active -= 1;
    this.#request = undefined;
    // A failure takes no memory. Otherwise, the response does.
    if (code !== 'OK') this.#memory?.release();
    const { metrics, accessLog } = this.#options;
    this.status = code;
    const now = performance.now();
    this.milliseconds = now - this.#started;
    this.since = now;
    this.until = now + this.#options.limits.sendSeconds * 1000;
    const { open, endless } = this.handler ?? {};
    if (!this.#manyRequests) {
      // Other paths would let clients create series without limit.
      const route = this.handler === undefined ? 'none' : this.path;
      const seconds = endless === true ? undefined : this.milliseconds / 1000;
      metrics.requests.end('grpc', route, this.model ?? '', code, seconds);
    }
    accessLog(open === true ? 'debug' : 'info', this);
    if (this.trace !== undefined) {
      const known = this.handler !== undefined;
      endGrpc(this.trace, this, { started: this.#started, known, authority: this.#header(':authority') });
    }
  }
}

/** Returns the id that the client has chosen for its request, or a new one. */
export function requestIdIn(headers: IncomingHttpHeaders, traceId?: string): string {
  return requestIdOf(textOf(headers[REQUEST_ID]), textOf(headers['traceparent']), traceId);
}

/** Returns the header; the first value if the client has sent several. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
