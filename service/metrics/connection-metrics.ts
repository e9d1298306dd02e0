import type * as Prometheus from './prometheus.ts';
import type { CloseReason } from '../connections/connections.ts';
import { metrics as names } from '../contract/index.ts';

/** Counts the connections that were closed to protect the service. */
export class ConnectionMetrics {
  readonly #closed = new Map<CloseReason, number>();

  /** Shows the metrics in a registry. */
  register({ Counter }: typeof Prometheus, registry: Prometheus.Registry): void {
    const closed = this.#closed;
    new Counter({
      name: names.connectionsClosed,
      help: 'Connections that were closed to protect the service, by reason.',
      labelNames: ['reason'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [reason, count] of closed) this.inc({ reason }, count);
      },
    });
  }

  closed(reason: CloseReason): void {
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1);
  }
}
