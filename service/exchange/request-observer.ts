import type { ModelCounts } from '../inference/queue/model-counts.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import type { AccessLog } from '../logging/logger.ts';
import type { RequestMetrics } from '../metrics/request-metrics.ts';
import { requestIdOf } from './request-id.ts';

export interface RequestObserverOptions {
  readonly metrics: RequestMetrics;
  readonly log: AccessLog;
  /** Paths that are logged at `debug`. */
  readonly quietPaths: ReadonlySet<string>;
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
  begin(method: string, path: string, requestId: string | undefined, traceparent: string | undefined): Observation {
    this.#options.metrics.begin('http');
    return new Observation(this.#options, method, path, requestIdOf(requestId, traceparent));
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
  readonly #options: RequestObserverOptions;
  #counts: ModelCounts | undefined;

  constructor(options: RequestObserverOptions, method: string, path: string, requestId: string) {
    this.#options = options;
    this.method = method;
    this.path = path;
    this.requestId = requestId;
  }

  /** Sets the model that the request runs. */
  runs({ name, executor }: Pick<LoadedEntry, 'name' | 'executor'>): void {
    this.model = name;
    this.#counts = executor.counts;
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
  }
}
