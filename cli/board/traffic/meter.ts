import type { Traffic } from '../messages.ts';
import type { Counts } from './counts.ts';

/** What a replica had counted at a time, in milliseconds since the epoch. */
export interface Reading {
  readonly at: number;
  readonly counts: Counts;
}

/** Computes from the counts of the replicas what all of them serve. */
export class TrafficMeter {
  #readings = new Map<string, Reading>();
  #measuredAt = 0;

  /**
   * Returns what was served since the last call; undefined if that isn't known.
   * @param readings by replica
   * @param ready the replicas that should have responded: those that serve requests
   */
  measure(readings: ReadonlyMap<string, Reading>, ready: readonly string[], at: number): Traffic | undefined {
    const [before, from] = [this.#readings, this.#measuredAt];
    // A replica that doesn't respond now may respond again, and has counted in the meantime.
    this.#readings = new Map([...before, ...readings]);
    this.#measuredAt = at;
    const known = [...readings].flatMap(([name, now]) => {
      const last = before.get(name);
      // A process that is new has counted since the last call, or since long ago: nobody knows.
      return last === undefined || last.counts.startedAt !== now.counts.startedAt ? [] : [{ last, now }];
    });
    if (known.length === 0 || ready.some((name) => !readings.has(name))) return undefined;
    const rate = (count: (counts: Counts) => number): number =>
      known.reduce(
        (sum, { last, now }) => sum + ((count(now.counts) - count(last.counts)) * 1000) / Math.max(1, now.at - last.at),
        0,
      );
    const bounds = [...new Set(known.flatMap(({ now }) => [...now.counts.durations.keys()]))];
    return {
      from,
      to: at,
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
