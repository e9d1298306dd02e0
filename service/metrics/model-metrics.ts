import type * as Prometheus from './prometheus.ts';
import { durationBounds, metrics as names } from '../contract/index.ts';
import type { ExecutorObserver, ExecutorObservers, RefusalReason } from '../inference/queue/executor.ts';
import { ROWS } from './bounds.ts';
import { Histogram, type HistogramSeries } from './histogram.ts';

/** What an executor reports of its model, and what is refused before it. */
export interface ModelObserver extends Omit<ExecutorObserver, 'refused'> {
  refused(reason: RefusalReason | 'large-requests' | 'memory' | 'slow' | 'decoding'): void;
  /** Images or texts of a request have become tensors, or could not. */
  decoded(seconds: number): void;
}

/** Metrics of queues and runs, by model. Versions of a model share their series. */
export class ModelMetrics implements ExecutorObservers {
  readonly #runs = histogram(
    names.inferenceDuration,
    'Time of one run of the model in seconds, by model.',
    durationBounds,
  );
  readonly #batches = histogram(names.batchRows, 'Rows of one run of the model, by model.', ROWS);
  readonly #waits = histogram(
    names.queueDuration,
    'Time that a request waited for its run in seconds, by model.',
    durationBounds,
  );
  readonly #decodes = histogram(
    names.decodeDuration,
    'Time that it took to decode the images or texts of a request in seconds, waiting included, by model.',
    durationBounds,
  );
  readonly #observers = new Map<string, ModelObserver>();
  /** By model, then by reason. */
  readonly #refused = new Map<string, Map<string, number>>();
  readonly #watched: { readonly model: string; readonly rows: () => number; readonly restarts: () => number }[] = [];

  /** Shows the metrics in a registry. */
  register({ Counter, Gauge }: typeof Prometheus, registry: Prometheus.Registry): void {
    for (const each of [this.#runs, this.#batches, this.#waits, this.#decodes]) each.register(registry);
    const [refused, watched] = [this.#refused, this.#watched];
    new Counter({
      name: names.requestsRefused,
      help: 'Requests that were refused or dropped without a run, by model and reason.',
      labelNames: ['model', 'reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [model, reasons] of refused)
          for (const [reason, count] of reasons) this.inc({ model, reason }, count);
      },
    });
    new Gauge({
      name: names.queueRows,
      help: 'Rows that wait for a run, by model.',
      labelNames: ['model'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, rows } of watched) this.inc({ model }, rows());
      },
    });
    new Counter({
      name: names.processRestarts,
      help: 'How often the inference process of a model was started again, by model.',
      labelNames: ['model'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { model, restarts } of watched) this.inc({ model }, restarts());
      },
    });
  }

  /** Returns the observer of a model; the same for all of its versions. */
  of(model: string): ModelObserver {
    let observer = this.#observers.get(model);
    if (observer === undefined) this.#observers.set(model, (observer = this.#create(model)));
    return observer;
  }

  /** Shows the length of a queue, and how often its inference process was started again. */
  watch(model: string, rows: () => number, restarts: () => number): void {
    this.#watched.push({ model, rows, restarts });
  }

  #create(model: string): ModelObserver {
    const [runs, batches, waits] = [this.#runs, this.#batches, this.#waits].map((each) => each.add({ model }));
    const refused = new Map<string, number>();
    this.#refused.set(model, refused);
    // Most models decode nothing, and have no series.
    let decodes: HistogramSeries | undefined;
    return {
      ran: (rows, seconds) => {
        runs?.observe(seconds);
        batches?.observe(rows);
      },
      waited: (seconds) => {
        waits?.observe(seconds);
      },
      decoded: (seconds) => {
        (decodes ??= this.#decodes.add({ model })).observe(seconds);
      },
      refused: (reason) => refused.set(reason, (refused.get(reason) ?? 0) + 1),
    };
  }
}

function histogram(name: string, help: string, bounds: readonly number[]): Histogram<'model'> {
  return new Histogram({ name, help, bounds });
}
