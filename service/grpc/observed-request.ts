import type { Logger } from 'pino';
import type { Access } from '../authentication/access.ts';
import type { AccessEntry, AccessLog } from '../logging/logger.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { endGrpc } from '../traces/grpc-span.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import type { ReadHeader, Tracer } from '../traces/tracer.ts';
import type { Status, StatusName } from './http2/status-codes.ts';
import type { Call, StreamedRequest } from './method.ts';
import { statusOfFailure } from './status.ts';

export interface ObservedRequestOptions {
  readonly logger: Logger;
  readonly accessLog: AccessLog;
  readonly metrics: Metrics;
  readonly requestTimeoutSeconds: number;
  /** Undefined if requests are not traced. */
  readonly tracer: Tracer | undefined;
}

/** One of several requests of a call: logged and counted as a call with one request is. */
export class ObservedRequest implements StreamedRequest, AccessEntry {
  readonly method = 'gRPC';
  readonly path: string;
  readonly requestId: string;
  readonly deadline: number;
  readonly abandoned: () => boolean;
  readonly access: Access | undefined;
  model: string | undefined = undefined;
  status: StatusName = 'OK';
  milliseconds = 0;
  readonly traceId: string | undefined;
  readonly trace: RequestTrace | undefined;
  readonly #authority: string | undefined;
  readonly #started = performance.now();
  readonly #options: ObservedRequestOptions;

  constructor(
    { path, requestId, deadline, abandoned, access }: Call & { readonly path: string },
    options: ObservedRequestOptions,
    header: ReadHeader,
  ) {
    this.path = path;
    this.requestId = requestId;
    this.deadline = Math.min(deadline, this.#started + options.requestTimeoutSeconds * 1000);
    this.abandoned = abandoned;
    this.access = access;
    this.#options = options;
    const trace = options.tracer?.start(header);
    this.traceId = trace?.traceId;
    this.trace = trace?.recording;
    if (this.trace !== undefined) this.#authority = header(':authority');
    options.metrics.requests.begin('grpc');
  }

  succeed(): void {
    this.#end('OK');
  }

  fail(error: unknown): Status {
    const status = statusOfFailure(error, this, this.#options.logger);
    this.#end(status.code);
    return status;
  }

  #end(code: StatusName): void {
    const status = this.abandoned() ? 'CANCELLED' : code;
    const { metrics, accessLog } = this.#options;
    this.status = status;
    this.milliseconds = performance.now() - this.#started;
    metrics.requests.end('grpc', this.path, this.model ?? '', status, this.milliseconds / 1000);
    accessLog('info', this);
    if (this.trace !== undefined)
      endGrpc(this.trace, this, { started: this.#started, known: true, authority: this.#authority });
  }
}
