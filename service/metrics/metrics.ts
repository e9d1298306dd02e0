import type * as Prometheus from './prometheus.ts';
import { metrics as names } from '../contract/index.ts';
import type { ModelEntry } from '../inference/repository/entry.ts';
import { ConnectionMetrics } from './connection-metrics.ts';
import type { KeyServerState } from '../authentication/key-server.ts';
import { registerTokenMetrics } from './token-metrics.ts';
import { DriftMetrics } from './drift/drift-metrics.ts';
import { ExportMetrics } from './export-metrics.ts';
import { ModelMetrics } from './model-metrics.ts';
import { RequestMetrics } from './request-metrics.ts';
import { ShadowMetrics } from './shadow-metrics.ts';

/** The text of a scrape. */
export interface Scrape {
  readonly text: string;
  readonly contentType: string;
}

/**
 * The service's metrics. They have their own registry, so two apps in one process do not share counts.
 *
 * prom-client is loaded with the first scrape, since it takes longer to load than a small model. The metrics of Node.js
 * begin then.
 */
export class Metrics {
  readonly requests = new RequestMetrics();
  readonly connections = new ConnectionMetrics();
  readonly models = new ModelMetrics();
  readonly shadow = new ShadowMetrics();
  /** Where the keys of tokens come from; undefined if the service accepts none. Set it before the first scrape. */
  keyServer: KeyServerState | undefined = undefined;
  readonly drift: DriftMetrics;
  readonly exports = new ExportMetrics();
  #entries: readonly ModelEntry[] = [];
  #registry: Promise<Prometheus.Registry> | undefined;

  /** @param driftSample the share of the rows that the drift metrics count; 0 turns them off */
  constructor(driftSample = 0, random = Math.random) {
    this.drift = new DriftMetrics(driftSample, random);
  }

  /** Sets the models that the metrics are about. Call it once loading is over. */
  setModels(entries: readonly ModelEntry[]): void {
    this.#entries = entries;
  }

  async scrape(): Promise<Scrape> {
    const registry = await (this.#registry ??= this.#register());
    return { text: await registry.metrics(), contentType: registry.contentType };
  }

  async #register(): Promise<Prometheus.Registry> {
    const prometheus = await import('./prometheus.ts');
    const registry = new prometheus.Registry();
    this.requests.register(prometheus, registry);
    this.connections.register(prometheus, registry);
    this.models.register(prometheus, registry);
    if (this.keyServer !== undefined) registerTokenMetrics(prometheus, registry, this.keyServer);
    this.drift.register(prometheus, registry);
    this.exports.register(prometheus, registry);
    this.shadow.register(prometheus, registry);
    const entries = (): readonly ModelEntry[] => this.#entries;
    const gauge = (name: string, help: string, value: (entry: ModelEntry) => number | undefined): void => {
      new prometheus.Gauge({
        name,
        help,
        labelNames: ['model', 'version'],
        registers: [registry],
        collect() {
          this.reset();
          for (const entry of entries()) {
            const number = value(entry);
            if (number !== undefined) this.set({ model: entry.name, version: entry.version }, number);
          }
        },
      });
    };
    gauge(names.modelInfo, 'Always 1, for each loaded version of a model.', ({ state }) =>
      state === 'loaded' ? 1 : undefined,
    );
    gauge(names.modelLoaded, 'Whether a version of a model is loaded: 1, or 0 if loading failed.', ({ state }) =>
      state === 'loaded' ? 1 : 0,
    );
    gauge(
      names.modelVerified,
      'Whether a loaded version of a model reproduces its examples: 1, or 0 if it does not, or has none.',
      (entry) => (entry.state === 'loaded' ? Number(entry.verifier.notVerified === undefined) : undefined),
    );
    gauge(names.modelLoadDuration, 'Time that it took to load a version of a model, in seconds.', (entry) =>
      entry.state === 'loaded' ? entry.loadSeconds : undefined,
    );
    prometheus.collectDefaultMetrics({ register: registry });
    return registry;
  }
}
