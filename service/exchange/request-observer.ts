import type { ModelCounts } from '../inference/queue/model-counts.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { AccessLog } from '../logging/logger.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import { endHttp } from '../traces/http-span.ts';
import type { RequestTrace } from '../traces/request-trace.ts';
import type { ReadHeader, StartedTrace, Tracer } from '../traces/tracer.ts';
import { requestIdOf } from './request-id.ts';

export interface RequestObserverOptions {
  readonly metrics: RequestMetrics;
  readonly log: AccessLog;
  /** Paths that are logged at `debug`. */
  readonly quietPaths: ReadonlySet<string>;
  /** Traces all other paths. Undefined if requests are not traced. */
  readonly tracer?: Tracer | undefined;
}

/**
 * Does what every HTTP request needs besides its response, whatever carries it: a request id, a line in the access log,
 * and the metrics.
 */
export class RequestObserver {
  readonly #options: RequestObserverOptions;

  constructor(options: RequestObserverOptions) {
    this.#options = options;
  }

  /** Begins to observe a request, once its headers are there. */
  begin(method: string, path: string, header: ReadHeader): Observation {
    const { metrics, tracer, quietPaths } = this.#options;
    metrics.begin('http');
    const given = header('x-request-id');
    if (tracer === undefined || quietPaths.has(path))
      return new Observation(this.#options, method, path, requestIdOf(given, header('traceparent')));
    const started = tracer.start(header);
    const requestId = requestIdOf(given, undefined, started.traceId);
    return new Observation(this.#options, method, path, requestId, started, header);
  }
}

/** One request in progress. */
export class Observation {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** When it began, in milliseconds as in `performance.now()`. */
  readonly started = performance.now();
  /** The name of the model that the request uses. */
  model: string | undefined = undefined;
  status = 0;
  milliseconds = 0;
  /** Undefined if requests are not traced. */
  readonly traceId: string | undefined;
  /** Undefined unless the trace is recorded. */
  readonly trace: RequestTrace | undefined;
  readonly #options: RequestObserverOptions;
  readonly #header: ReadHeader | undefined;
  #counts: ModelCounts | undefined;

  constructor(
    options: RequestObserverOptions,
    method: string,
    path: string,
    requestId: string,
    trace?: StartedTrace,
    header?: ReadHeader,
  ) {
    this.#options = options;
    this.method = method;
    this.path = path;
    this.requestId = requestId;
    this.traceId = trace?.traceId;
    this.trace = trace?.recording;
    this.#header = header;
  }

  /** Sets the model that the request runs. */
  runs(entry: Pick<LoadedEntry, 'name' | 'version' | 'executor'>): void {
    this.model = entry.name;
    this.#counts = entry.executor.counts;
    this.trace?.runs(entry);
  }

  /**
   * Logs and counts the request.
   *
   * @param route the pattern of the path: other labels would let clients create series without limit
   */
  end(status: number, route: string): void {
    const { metrics, log, quietPaths } = this.#options;
    this.status = status;
    this.milliseconds = performance.now() - this.started;
    metrics.end('http', route, this.model ?? '', String(status), this.milliseconds / 1000);
    this.#counts?.responded(status < 400, this.milliseconds);
    log(quietPaths.has(this.path) ? 'debug' : 'info', this);
    if (this.trace !== undefined && this.#header !== undefined) endHttp(this.trace, this, route, this.#header);
  }
}
