import type { ReplicaStatus } from '../../deployment-status.ts';
import type { Traffic } from '../messages.ts';
import type { Counts } from './counts.ts';

/** What a replica had counted at a time, in milliseconds since the epoch. */
export interface Reading {
  readonly at: number;
  readonly counts: Counts;
}

/** A replica that was asked. */
type Asked = Pick<ReplicaStatus, 'name' | 'ready'>;

/** Computes from the counts of the replicas what all of them serve. */
export class TrafficMeter {
  #readings: ReadonlyMap<string, Reading> = new Map();

  /**
   * Returns what was served since the last time that this was known; undefined if it isn't known now, because a replica
   * that serves requests did not respond.
   * @param readings of those that responded, by name
   */
  measure(readings: ReadonlyMap<string, Reading>, asked: readonly Asked[]): Traffic | undefined {
    const before = this.#readings;
    const isComplete = asked.every(({ name, ready }) => !ready || readings.has(name));
    // What is not known now is part of what is measured next: that counts from the readings before.
    const latest = isComplete ? [...before, ...readings] : [...readings, ...before];
    const names = new Set(asked.map(({ name }) => name));
    this.#readings = new Map(latest.filter(([name]) => names.has(name)));
    const known = [...readings].flatMap(([name, now]) => {
      const last = before.get(name);
      // A process that is new has counted since the last call, or since long ago: nobody knows.
      return last === undefined || last.counts.startedAt !== now.counts.startedAt ? [] : [{ last, now }];
    });
    if (known.length === 0 || !isComplete) return undefined;
    const rate = (count: (counts: Counts) => number): number =>
      known.reduce(
        (sum, { last, now }) => sum + ((count(now.counts) - count(last.counts)) * 1000) / Math.max(1, now.at - last.at),
        0,
      );
    const bounds = [...new Set(known.flatMap(({ now }) => [...now.counts.durations.keys()]))];
    return {
      // One that did not respond for a while has counted for longer than the others.
      from: Math.max(...known.map(({ last }) => last.at)),
      to: Math.max(...known.map(({ now }) => now.at)),
      requests: rate(({ requests }) => requests),
      failed: rate(({ failed }) => failed),
      p95: quantile(
        0.95,
        bounds.map((bound) => [bound, rate(({ durations }) => durations.get(bound) ?? 0)]),
      ),
    };
  }
}

/**
 * Returns below which time a share of the requests were, in milliseconds, as Prometheus' `histogram_quantile` does: by
 * a straight line within the bucket. Null if there were no requests.
 * @param buckets how many requests took at most so many seconds
 */
function quantile(share: number, buckets: readonly (readonly [bound: number, count: number])[]): number | null {
  const ascending = buckets.toSorted(([one], [other]) => one - other);
  const wanted = share * (ascending.at(-1)?.[1] ?? 0);
  if (wanted === 0) return null;
  const index = ascending.findIndex(([, count]) => count >= wanted);
  const [lower, below] = ascending[index - 1] ?? [0, 0];
  const [upper, upTo] = ascending[index] ?? [0, 0];
  return 1000 * (upper === Infinity ? lower : lower + ((upper - lower) * (wanted - below)) / (upTo - below));
}
