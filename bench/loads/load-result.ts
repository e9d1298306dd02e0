/** What a load generator measured. */
export interface LoadResult {
  /** Successful responses per second. */
  readonly rps: number;
  /** All responses, errors included. */
  readonly requests: number;
  /** Percentiles of the latency in milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** How often each kind of error occurred; empty if none did. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Describes the errors, for example `12 × not 2xx of 1000 responses`. Undefined if there were none. */
export function describeErrors({ errors, requests }: Pick<LoadResult, 'errors' | 'requests'>): string | undefined {
  const kinds = Object.entries(errors).map(([kind, count]) => `${count} × ${kind}`);
  if (requests === 0) return 'no responses in the time of the load';
  return kinds.length === 0 ? undefined : `${kinds.join(', ')}, of ${requests} responses`;
}
