import type * as Prometheus from './prometheus.ts';
import type { KeyServerState } from '../authentication/key-server.ts';
import { metrics as names } from '../contract/index.ts';

/** Shows in a registry how old the keys of tokens are, and whether they can be fetched. */
export function registerTokenMetrics(
  { Counter, Gauge }: typeof Prometheus,
  registry: Prometheus.Registry,
  { fetches, ageSeconds }: KeyServerState,
): void {
  new Counter({
    name: names.tokenKeyFetches,
    help: 'How often the keys that verify tokens were fetched, by result: ok or failed.',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [result, count] of Object.entries(fetches)) this.inc({ result }, count);
    },
  });
  new Gauge({
    name: names.tokenKeyAge,
    help: 'Time since the keys that verify tokens were last fetched, in seconds; infinite if they never were.',
    registers: [registry],
    collect() {
      this.set(ageSeconds() ?? Infinity);
    },
  });
}
