import type * as Prometheus from './prometheus.ts';
import { durationBounds, metrics as names } from '../contract/index.ts';
import { Histogram, type HistogramSeries } from './histogram.ts';

export type Protocol = 'http' | 'grpc';

/** Counts of one combination of protocol, route and model. */
interface RouteSeries {
  readonly labels: { readonly protocol: Protocol; readonly route: string; readonly model: string };
  /** By status code. */
  readonly requests: Map<string, number>;
  readonly duration: HistogramSeries;
}

/**
 * Counts and times requests in plain numbers, which prom-client reads when it is scraped.
 *
 * Its callers pass only known routes and models: clients must not be able to create series without limit.
 */
export class RequestMetrics {
  readonly #durations = new Histogram<'protocol' | 'route' | 'model'>({
    name: names.requestDuration,
    help: 'Time from request to response in seconds, by protocol (http or grpc), route and model.',
    bounds: durationBounds,
  });
  /** By protocol and route, then by model. */
  readonly #series = new Map<string, Map<string, RouteSeries>>();
  readonly #inFlight = new Map<Protocol, number>([['http', 0]]);

  /** Shows the metrics in a registry. */
  register({ Counter, Gauge }: typeof Prometheus, registry: Prometheus.Registry): void {
    this.#durations.register(registry);
    const all = (): RouteSeries[] => [...this.#series.values()].flatMap((byModel) => [...byModel.values()]);
    const inFlight = this.#inFlight;
    new Counter({
      name: names.requests,
      help: 'Completed requests, by protocol (http or grpc), route, status code and model.',
      labelNames: ['protocol', 'route', 'code', 'model'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, requests } of all())
          for (const [code, count] of requests) this.inc({ ...labels, code }, count);
      },
    });
    new Gauge({
      name: names.requestsInFlight,
      help: 'Requests in progress, by protocol (http or grpc).',
      labelNames: ['protocol'],
      registers: [registry],
      collect() {
        for (const [protocol, count] of inFlight) this.set({ protocol }, count);
      },
    });
  }

  /** Shows a protocol, with no requests yet. */
  serve(protocol: Protocol): void {
    this.#inFlight.set(protocol, this.#inFlight.get(protocol) ?? 0);
  }

  begin(protocol: Protocol): void {
    this.#inFlight.set(protocol, (this.#inFlight.get(protocol) ?? 0) + 1);
  }

  /** Takes back that a request began: it turned out to be a stream of requests, each of which is counted. */
  forget(protocol: Protocol): void {
    this.#inFlight.set(protocol, (this.#inFlight.get(protocol) ?? 1) - 1);
  }

  /**
   * Counts a request as complete.
   *
   * @param seconds its duration; undefined for a call that lasts as long as its client wants
   */
  end(protocol: Protocol, route: string, model: string, code: string, seconds: number | undefined): void {
    this.#inFlight.set(protocol, (this.#inFlight.get(protocol) ?? 1) - 1);
    const series = this.#find(protocol, route, model);
    series.requests.set(code, (series.requests.get(code) ?? 0) + 1);
    if (seconds !== undefined) series.duration.observe(seconds);
  }

  #find(protocol: Protocol, route: string, model: string): RouteSeries {
    // A route is a path of HTTP or of gRPC, never of both.
    let byModel = this.#series.get(route);
    if (byModel === undefined) this.#series.set(route, (byModel = new Map<string, RouteSeries>()));
    let series = byModel.get(model);
    if (series === undefined) {
      const labels = { protocol, route, model };
      byModel.set(model, (series = { labels, requests: new Map(), duration: this.#durations.add(labels) }));
    }
    return series;
  }
}
