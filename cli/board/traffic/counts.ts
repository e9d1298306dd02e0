import { failedCodes } from '../../../infra/observability/promql.ts';
import { metrics } from '../../../service/contract/index.ts';

/** What a replica has counted since its process started. */
export interface Counts {
  /** When that was. Seconds since the epoch, by the replica's clock. */
  readonly startedAt: number;
  /** Completed requests for models, not those of probes. */
  readonly requests: number;
  readonly failed: number;
  /** How many requests took at most so many seconds. */
  readonly durations: ReadonlyMap<number, number>;
  readonly memoryBytes?: number;
}

const isFailed = new RegExp(`^(?:${failedCodes})$`);
const buckets = `${metrics.requestDuration}_bucket`;

/** Reads a replica's metrics. Returns undefined if they are those of another program. */
export function parseCounts(text: string): Counts | undefined {
  if (!text.includes(metrics.requests)) return undefined;
  const durations = new Map<number, number>();
  let [startedAt, requests, failed]: [number, number, number] = [0, 0, 0];
  let memoryBytes: number | undefined;
  for (const line of text.split('\n')) {
    const [, name, labels = '', number] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    const value = Number(number);
    if (name === 'process_start_time_seconds') startedAt = value;
    else if (name === 'process_resident_memory_bytes') memoryBytes = value;
    else if ((name !== metrics.requests && name !== buckets) || label(labels, 'model') === '') continue;
    else if (name === buckets) {
      const bound = Number(label(labels, 'le').replace('+Inf', 'Infinity'));
      durations.set(bound, (durations.get(bound) ?? 0) + value);
    } else {
      requests += value;
      if (isFailed.test(label(labels, 'code'))) failed += value;
    }
  }
  return { startedAt, requests, failed, durations, ...(memoryBytes !== undefined && { memoryBytes }) };
}

const label = (labels: string, name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
