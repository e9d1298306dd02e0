import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { metrics as names } from '../contract/index.ts';
import type { ModelEntry } from '../inference/repository.ts';
import { ModelMetrics } from './model-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';

/** The service's metrics. They have their own registry, so two apps in one process do not share counts. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests = new RequestMetrics(this.registry);
  readonly models = new ModelMetrics(this.registry);
  readonly #info = this.#gauge(names.modelInfo, 'Always 1, for each loaded version of a model.');
  readonly #loaded = this.#gauge(
    names.modelLoaded,
    'Whether a version of a model is loaded: 1, or 0 if loading failed.',
  );
  readonly #loadDuration = this.#gauge(
    names.modelLoadDuration,
    'Time that it took to load a version of a model, in seconds.',
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Sets the metrics of each model. Call it once loading is over. */
  setModels(entries: readonly ModelEntry[]): void {
    for (const entry of entries) {
      const labels = { model: entry.name, version: entry.version };
      this.#loaded.set(labels, entry.state === 'loaded' ? 1 : 0);
      if (entry.state !== 'loaded') continue;
      this.#info.set(labels, 1);
      this.#loadDuration.set(labels, entry.loadSeconds);
    }
  }

  #gauge(name: string, help: string): Gauge<'model' | 'version'> {
    return new Gauge({ name, help, labelNames: ['model', 'version'], registers: [this.registry] });
  }
}
