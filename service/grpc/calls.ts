import type { IncomingHttpHeaders } from 'node:http2';
import type { Logger } from 'pino';
import type { KeySource } from '../config/api-key.ts';
import { ServiceError } from '../errors.ts';
import { checkKey } from '../exchange/api-key.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Sweep } from '../inference/deadlines.ts';
import { formatValue } from '../inference/format-value.ts';
import { requestIdOf } from '../exchange/request-id.ts';
import type { AccessEntry, AccessLog } from '../logging/logger.ts';
import { OK, type Status, type StatusName } from './http2/status-codes.ts';
import type { GrpcStream, Receiver, Violation } from './http2/stream.ts';
import { parseTimeout } from './http2/timeout.ts';
import type { Messages, Method, StreamingCall, UnaryMethod } from './method.ts';
import { statusOf } from './status.ts';

const REQUEST_ID = 'x-request-id';
/** How late a call may notice that its deadline has passed. */
const SWEEP_MILLISECONDS = 25;

export interface CallsOptions {
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  readonly metrics: Metrics;
  readonly apiKey: KeySource;
  readonly requestTimeoutSeconds: number;
  readonly maxBodyBytes: number;
}

/** Does what every call needs: a request id, the API key, the deadline, metrics, a line in the log. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #running = new Set<RunningCall>();
  readonly #sweep = new Sweep(SWEEP_MILLISECONDS, () => this.#expire());

  constructor(methods: readonly Method[], options: CallsOptions) {
    this.#methods = new Map(methods.map((method) => [method.path, method]));
    this.#options = options;
    options.metrics.requests.serve('grpc');
  }

  get running(): number {
    return this.#running.size;
  }

  /** Ends the calls that would not end by themselves. */
  hangUp(): void {
    for (const call of this.#running) {
      if (call.handler?.endless === true)
        call.fail(
          new ServiceError('shutting-down', 'This replica is shutting down. Call again to reach another replica.'),
        );
    }
  }

  readonly accept = (path: string, headers: IncomingHttpHeaders, stream: GrpcStream): void => {
    const call = new RunningCall(path, this.#methods.get(path), headers, stream, this.#options, this.#running);
    call.start(headers);
    if (this.#running.size > 0) this.#sweep.start();
  };

  /** Ends the calls whose deadline has passed. @returns whether there are others */
  #expire(): boolean {
    const now = performance.now();
    for (const call of this.#running) if (now >= call.deadline) call.expire();
    return this.#running.size > 0;
  }
}

class RunningCall implements StreamingCall, Receiver, AccessEntry {
  readonly path: string;
  /** In the log, in place of the method of HTTP. */
  readonly method = 'gRPC';
  /** Undefined if there is no such method. */
  readonly handler: Method | undefined;
  readonly requestId: string;
  /** Infinity for a call that lasts until its client ends it. */
  readonly deadline: number;
  model: string | undefined = undefined;
  /** For the log, once the call has ended. */
  status: StatusName = 'OK';
  milliseconds = 0;
  readonly #started = performance.now();
  readonly #stream: GrpcStream;
  readonly #options: CallsOptions;
  readonly #running: Set<RunningCall>;
  readonly #metadata: Readonly<Record<string, string>>;
  /** Undefined if the header is invalid. */
  readonly #timeout: number | undefined;
  #ended = false;
  #request: Buffer | undefined;
  #messages: Messages | undefined;

  constructor(
    path: string,
    handler: Method | undefined,
    headers: IncomingHttpHeaders,
    stream: GrpcStream,
    options: CallsOptions,
    running: Set<RunningCall>,
  ) {
    this.path = path;
    this.handler = handler;
    this.#stream = stream;
    this.#options = options;
    this.#running = running;
    this.requestId = requestIdOf(textOf(headers[REQUEST_ID]), textOf(headers['traceparent']));
    this.#metadata = { [REQUEST_ID]: this.requestId };
    this.#timeout = parseTimeout(textOf(headers['grpc-timeout']));
    const most = handler?.endless === true ? Infinity : options.requestTimeoutSeconds * 1000;
    this.deadline = this.#started + Math.min(this.#timeout ?? Infinity, most);
  }

  readonly abandoned = (): boolean => this.#ended;

  start(headers: IncomingHttpHeaders): void {
    const { metrics, apiKey } = this.#options;
    this.#running.add(this);
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
      if (handler === undefined)
        throw new ServiceError('route-not-found', `There is no method ${formatValue(this.path)}.`);
      if (handler.open !== true) checkKey(apiKey(), headers.authorization);
      if ('stream' in handler) this.#messages = handler.stream(this);
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#stream.receive(this);
  }

  onMessage(message: Buffer): void {
    if (this.#messages !== undefined) this.#messages.onMessage(message);
    else if (this.#request === undefined) this.#request = message;
    else this.onViolation({ code: 'UNIMPLEMENTED', message: 'There is more than one request message.' });
  }

  onHalfClose(): void {
    const request = this.#request;
    if (this.#messages !== undefined) this.#messages.onHalfClose?.();
    else if (request === undefined)
      this.onViolation({ code: 'UNIMPLEMENTED', message: 'There is no request message.' });
    else void this.#respond(this.handler as UnaryMethod, request);
  }

  async #respond(method: UnaryMethod, request: Buffer): Promise<void> {
    try {
      const frame = await method.respond(request, this);
      if (this.#ended) return;
      this.#end('OK');
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
    const { maxBodyBytes } = this.#options;
    this.fail(
      new ServiceError(
        'body-too-large',
        `The message is larger than ${maxBodyBytes} bytes (MAX_BODY_BYTES). Send fewer rows per request.`,
      ),
    );
  }

  /** Follows every end. If the call has not ended yet, the client has cancelled it. */
  onClose(): void {
    this.#end('CANCELLED');
  }

  send(frame: Buffer): void {
    this.#stream.send(frame, this.#metadata);
  }

  finish(): void {
    this.#finish(OK);
  }

  /** Ends the call at its deadline. */
  expire(): void {
    const seconds = this.#options.requestTimeoutSeconds;
    this.fail(
      new ServiceError(
        'timeout',
        (this.#timeout ?? Infinity) < seconds * 1000
          ? 'The deadline of the call passed before it was complete.'
          : `The call was not complete within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`,
      ),
    );
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    if (!(error instanceof ServiceError))
      this.#options.logger.error({ err: error, path: this.path, request_id: this.requestId }, 'internal error');
    this.#finish(statusOf(error));
  }

  #finish(status: Status): void {
    this.#end(status.code);
    this.#stream.end(status, this.#metadata);
  }

  /** Logs and counts the call. Only the first end counts. */
  #end(code: StatusName): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#running.delete(this);
    const { metrics, accessLog } = this.#options;
    const { open, endless } = this.handler ?? {};
    this.status = code;
    this.milliseconds = performance.now() - this.#started;
    // Other paths would let clients create series without limit.
    const route = this.handler === undefined ? 'none' : this.path;
    metrics.requests.end(
      'grpc',
      route,
      this.model ?? '',
      code,
      endless === true ? undefined : this.milliseconds / 1000,
    );
    accessLog(open === true ? 'debug' : 'info', this);
  }
}

/** Returns the header; the first value if the client has sent several. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
