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
import { checkKey } from '../middleware/auth.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { requestIdOf } from '../middleware/request-id.ts';
import { statusOf } from './status.ts';

const REQUEST_ID = 'x-request-id';

export interface CallsOptions {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly apiKey: KeySource;
  readonly requestTimeoutSeconds: number;
  readonly maxBodyBytes: number;
  /** Paths that need no key, as probes have none. */
  readonly open: ReadonlySet<string>;
  /** Paths of calls that last for as long as their client likes. */
  readonly endless: ReadonlySet<string>;
}

/** What a handler knows of its call, and tells of it. */
export interface Call {
  readonly requestId: string;
  /** When the client no longer waits, in milliseconds as of `Date.now()`; Infinity where it waits for ever. */
  readonly deadline: number;
  readonly cancelled: boolean;
  /** Name of the model that answers, for the log and the metrics. */
  model?: string;
}

/** What every call has: a request id, the key, a time limit, counts, a line in the log. */
export class Calls {
  readonly #options: CallsOptions;
  readonly #running = new Set<RunningCall>();
  /** The metadata is what the interceptor and the handler both have of a call. */
  readonly #byMetadata = new WeakMap<Metadata, RunningCall>();

  constructor(options: CallsOptions) {
    this.#options = options;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Ends those calls that would not end by themselves. */
  hangUp(): void {
    for (const call of this.#running) {
      if (this.#options.endless.has(call.path))
        call.fail(new ServiceError('shutting-down', 'This replica shuts down. Call again: another one will answer.'));
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
          // Comes after every end; where there was none yet, the client has gone.
          onCancel: () => {
            running.end(status.CANCELLED);
          },
        });
      },
    });
  };

  /** A method that takes one message and answers one. */
  unary<Request, Response>(
    answer: (request: Request, call: Call) => Promise<Response>,
  ): handleUnaryCall<Request, Response> {
    return (call, callback) => {
      const running = this.#byMetadata.get(call.metadata);
      if (running === undefined) throw new Error('A call came by no interceptor.');
      answer(call.request, running).then(
        (response) => {
          const metadata = new Metadata();
          metadata.set(REQUEST_ID, running.requestId);
          call.sendMetadata(metadata);
          callback(null, response);
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
    options.metrics.inFlight.inc({ protocol: 'grpc' });
    // The library ends calls by itself too, for a client's deadline or a size: this is where every status comes by.
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

  /** Whether the call may go on; else it is answered already. */
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
          new ServiceError(
            'timeout',
            `The call was not sent and answered within ${seconds} s (REQUEST_TIMEOUT_SECONDS).`,
          ),
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

  /** Logs and counts it, the first time. */
  end(code: status): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#onEnd();
    const { logger, metrics, open, endless } = this.#options;
    const milliseconds = performance.now() - this.#started;
    const labels = { protocol: 'grpc', route: this.path, model: this.model ?? '' };
    metrics.inFlight.dec({ protocol: 'grpc' });
    metrics.requests.inc({ ...labels, code: status[code] });
    if (!endless.has(this.path)) metrics.requestDuration.observe(labels, milliseconds / 1000);
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
    return `The message is larger than ${this.#options.maxBodyBytes} bytes (MAX_BODY_BYTES). Send fewer rows at a time.`;
  }
}
