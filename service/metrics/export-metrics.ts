import type * as Prometheus from './prometheus.ts';
import { metrics as names } from '../contract/index.ts';
import type { DropReason, ExportObserver } from '../exports/export-queue.ts';

/** What the service exports besides metrics. */
export type Signal = 'spans' | 'payloads';

const REASONS: readonly DropReason[] = ['queue-full', 'refused', 'shutdown'];

interface Counts {
  exported: number;
  readonly dropped: Map<DropReason, number>;
}

/** Counts the spans and the payloads that were exported, and those that were dropped. */
export class ExportMetrics {
  readonly #counts = new Map<Signal, Counts>();

  /** Shows the metrics in a registry; without series unless something is exported. */
  register({ Counter }: typeof Prometheus, registry: Prometheus.Registry): void {
    const counts = this.#counts;
    new Counter({
      name: names.exported,
      help: 'Spans and payloads that their receiver has accepted, by signal (spans or payloads).',
      labelNames: ['signal'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [signal, { exported }] of counts) this.inc({ signal }, exported);
      },
    });
    new Counter({
      name: names.exportDropped,
      help: 'Spans and payloads that were dropped, by signal (spans or payloads) and reason.',
      labelNames: ['signal', 'reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [signal, { dropped }] of counts)
          for (const [reason, count] of dropped) this.inc({ signal, reason }, count);
      },
    });
  }

  /** Shows a signal, with nothing exported yet. */
  of(signal: Signal): ExportObserver {
    const counts: Counts = { exported: 0, dropped: new Map(REASONS.map((reason) => [reason, 0])) };
    this.#counts.set(signal, counts);
    return {
      exported: (count) => {
        counts.exported += count;
      },
      dropped: (count, reason) => {
        counts.dropped.set(reason, (counts.dropped.get(reason) ?? 0) + count);
      },
    };
  }
}
