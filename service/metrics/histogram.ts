import type { Metric, Registry } from 'prom-client';

/** The measurements of one combination of labels. */
export class HistogramSeries {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** @param bounds the upper bounds of the buckets, ascending, without infinity */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] as number)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#sum += value;
  }

  /** Returns the count of values up to each bound, the last for infinity, and their sum. */
  snapshot(): { readonly cumulative: readonly number[]; readonly sum: number } {
    let total = 0;
    return { cumulative: Array.from(this.#counts, (count) => (total += count)), sum: this.#sum };
  }
}

export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  /** The upper bounds of the buckets, ascending, without infinity. */
  readonly bounds: readonly number[];
}

/**
 * A histogram that costs a few additions per value. prom-client's own hashes the labels of each value, which takes
 * longer than a small model; here the caller keeps the series. The registry reads it when it is scraped.
 */
export class Histogram<Label extends string> {
  readonly #options: HistogramOptions;
  readonly #series: { readonly labels: Readonly<Record<Label, string>>; readonly series: HistogramSeries }[] = [];

  constructor(options: HistogramOptions) {
    this.#options = options;
  }

  /** Shows the histogram in a registry. */
  register(registry: Registry): void {
    // The registry only calls `get` of its metrics; its type asks for one of prom-client's own classes.
    registry.registerMetric({ name: this.#options.name, get: () => this.#read() } as unknown as Metric);
  }

  /** Adds a series. Each combination of labels must be added only once. */
  add(labels: Readonly<Record<Label, string>>): HistogramSeries {
    const series = new HistogramSeries(this.#options.bounds);
    this.#series.push({ labels, series });
    return series;
  }

  #read(): Promise<object> {
    const { name, help, bounds } = this.#options;
    const values = this.#series.flatMap(({ labels, series }) => {
      const { cumulative, sum } = series.snapshot();
      return [
        ...cumulative.map((value, bucket) => ({
          metricName: `${name}_bucket`,
          labels: { le: bounds[bucket] ?? '+Inf', ...labels },
          value,
        })),
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: cumulative.at(-1) ?? 0 },
      ];
    });
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  }
}
