import { paths, type Health } from '../contract/index.ts';
import type { ModelRepository } from '../inference/repository/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import { readiness } from '../lifecycle/readiness.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { ExchangeResponse } from './exchange.ts';
import { JSON_BODY } from './body/json-body.ts';

/** The probes of the Open Inference Protocol, which `routes/inference.ts` serves. */
export const inferenceProbes = [`${paths.inference}/health/live`, `${paths.inference}/health/ready`] as const;

/** What the management port serves, and the public port only if probes are public. */
export const managementPaths: readonly string[] = [paths.live, paths.ready, paths.metrics];

/** Responds to a probe, whatever carries it. */
export type Probe = () => Promise<ExchangeResponse>;

/** The probes, by path. Liveness: the event loop runs. Readiness: see `lifecycle/readiness.ts`. */
export function probes(repository: ModelRepository, lifecycle: Lifecycle): ReadonlyMap<string, Probe> {
  return new Map<string, Probe>([
    [paths.live, () => Promise.resolve(json(200, { status: 'live' }))],
    [
      paths.ready,
      async () => {
        const { ready, checks } = await readiness(repository, lifecycle);
        return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', checks } satisfies Health);
      },
    ],
  ]);
}

/** Responds to a scrape. */
export function scrape(metrics: Metrics): Probe {
  return async () => {
    const { text, contentType } = await metrics.scrape();
    return { status: 200, headers: ['Content-Type', contentType], body: text };
  };
}

function json(status: number, body: object): ExchangeResponse {
  return { status, headers: JSON_BODY, body: JSON.stringify(body) };
}
