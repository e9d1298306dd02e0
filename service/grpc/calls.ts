import {
  Metadata,
  ServerInterceptingCall,
  status,
  type handleUnaryCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { ServiceError } from '../errors.ts';
import type { KeySource } from '../config/api-key.ts';
import { checkKey } from '../exchange/api-key.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { requestIdOf } from '../exchange/request-id.ts';
import { statusOf } from './status.ts';

const REQUEST_ID = 'x-request-id';

export interface CallsOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly apiKey: KeySource;
  readonly requestTimeoutSeconds: number;
  readonly maxBodyBytes: number;
  /** Paths that need no key, such as those of probes. */
  readonly open: ReadonlySet<string>;
  /** Paths of calls that last until their client ends them. */
  readonly endless: ReadonlySet<string>;
}

/** What a handler can read and set of its call. */
export interface Call {
  readonly requestId: string;
  /** Until when the client waits, in milliseconds as in `Date.now()`; Infinity without a deadline. */
  readonly deadline: number;
  readonly cancelled: boolean;
  /** The name of the model that the call uses, for the log and the metrics. */
  model?: string;
}

/** Does what every call needs: a request id, the API key, the timeout, metrics, a line in the log. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #running = new Set<RunningCall>();
  /** The metadata identifies a call both in the interceptor and in the handler. */
  readonly #byMetadata = new WeakMap<Metadata, RunningCall>();

  constructor(options: CallsOptions) {
    this.#options = options;
    options.metrics.requests.serve('grpc');
  }

  get running(): number {
    return this.#running.size;
  }

  /** Ends the calls that would not end by themselves. */
  hangUp(): void {
    for (const call of this.#running) {
      if (this.#options.endless.has(call.path))
        call.fail(
          new ServiceError('shutting-down', 'This replica is shutting down. Call again to reach another replica.'),
        );
    }
  }

  readonly interceptor: ServerInterceptor = ({ path }, call) => {
    const running = new RunningCall(path, call, this.#options, () => {
      this.#running.delete(running);
    });
    this.#running.add(running);
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            this.#byMetadata.set(metadata, running);
            if (running.admit(metadata)) pass(metadata);
          },
          // Called after every end. If the call has not ended yet, the client has cancelled it.
          onCancel: () => {
            running.end(status.CANCELLED);
          },
        });
      },
    });
  };

  /** Creates a method with one request message and one response message. */
  unary<Request, Response>(
    handle: (request: Request, call: Call) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const running = this.#byMetadata.get(call.metadata);
      if (running === undefined) throw new Error('The interceptor has not seen this call.');
      // Inside a promise, so that an error that the handler throws instead of rejecting reaches `fail` too.
      const response = new Promise<Response>((resolve) => {
        resolve(handle(call.request, running));
      });
      response.then(
        (message) => {
          const metadata = new Metadata();
          metadata.set(REQUEST_ID, running.requestId);
          call.sendMetadata(metadata);
          callback(null, message);
        },
        (error: unknown) => {
          running.fail(error);
        },
      );
    };
  }
}

class RunningCall implements Call {
  readonly path: string;
  readonly deadline: number;
  requestId = '';
  model?: string;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #started = performance.now();
  readonly #call: ServerInterceptingCallInterface;
  readonly #options: CallsOptions;
  readonly #onEnd: () => void;

  constructor(path: string, call: ServerInterceptingCallInterface, options: CallsOptions, onEnd: () => void) {
    this.path = path;
    this.deadline = Number(call.getDeadline());
    this.#call = call;
    this.#options = options;
    this.#onEnd = onEnd;
    options.metrics.requests.begin('grpc');
    // The library also ends calls, because of a client's deadline or a message's size. Every status passes through
    // here.
    const send = call.sendStatus.bind(call);
    call.sendStatus = ({ code, details, metadata }) => {
      this.end(code);
      const answered = metadata ?? new Metadata();
      answered.set(REQUEST_ID, this.requestId);
      send({ code, details: code === status.RESOURCE_EXHAUSTED ? this.#tooLarge() : details, metadata: answered });
    };
  }

  get cancelled(): boolean {
    return this.#ended;
  }

  /** Returns whether the call may continue. If not, its status has been sent. */
  admit(metadata: Metadata): boolean {
    const header = (name: string): string | undefined => metadata.get(name)[0]?.toString();
    const { open, endless, apiKey, requestTimeoutSeconds: seconds } = this.#options;
    this.requestId = requestIdOf(header(REQUEST_ID), header('traceparent'));
    try {
      if (!open.has(this.path)) checkKey(apiKey(), header('authorization'));
    } catch (error) {
      this.fail(error);
      return false;
    }
    if (!endless.has(this.path)) {
      this.#timer = setTimeout(() => {
        this.fail(
          new ServiceError('timeout', `The call was not complete within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`),
        );
      }, seconds * 1000);
    }
    return true;
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    if (!(error instanceof ServiceError))
      this.#options.logger.error({ err: error, path: this.path, request_id: this.requestId }, 'internal error');
    this.#call.sendStatus(statusOf(error));
  }

  /** Logs and counts the call. Only the first end counts. */
  end(code: status): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#onEnd();
    const { logger, metrics, open, endless } = this.#options;
    const milliseconds = performance.now() - this.#started;
    const seconds = endless.has(this.path) ? undefined : milliseconds / 1000;
    metrics.requests.end('grpc', this.path, this.model ?? '', status[code], seconds);
    logger[open.has(this.path) ? 'debug' : 'info'](
      {
        request_id: this.requestId,
        method: 'gRPC',
        path: this.path,
        status: status[code],
        duration_ms: Math.round(milliseconds * 1000) / 1000,
        ...(this.model !== undefined && { model: this.model }),
      },
      'request',
    );
  }

  #tooLarge(): string {
    const { maxBodyBytes } = this.#options;
    return `The message is larger than ${maxBodyBytes} bytes (MAX_BODY_BYTES). Send fewer rows per request.`;
  }
}
