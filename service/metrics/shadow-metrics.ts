import type * as Prometheus from './prometheus.ts';
import { metrics as names } from '../contract/index.ts';

/** What became of a copy of a request. */
export type ShadowResult = 'same' | 'different' | 'failed' | 'dropped';

/** Counts copies of requests in plain numbers, which prom-client reads when it is scraped. */
export class ShadowMetrics {
  /** By model, then by result. */
  readonly #counts = new Map<string, Map<ShadowResult, number>>();

  count(model: string, result: ShadowResult): void {
    let counts = this.#counts.get(model);
    if (counts === undefined) this.#counts.set(model, (counts = new Map<ShadowResult, number>()));
    counts.set(result, (counts.get(result) ?? 0) + 1);
  }

  /** Shows the metric in a registry. */
  register({ Counter }: typeof Prometheus, registry: Prometheus.Registry): void {
    const counts = this.#counts;
    new Counter({
      name: names.shadowRequests,
      help: 'Requests that were to be copied to the shadow, by model and result: same, different, failed or dropped.',
      labelNames: ['model', 'result'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [model, results] of counts)
          for (const [result, count] of results) this.inc({ model, result }, count);
      },
    });
  }
}
