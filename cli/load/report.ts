export interface LoadFailure {
  /** When the request was sent and when it failed, in milliseconds since the epoch. */
  readonly sentAt: number;
  readonly failedAt: number;
  /** `ECONNRESET`, `503`, `503 overloaded`, `timeout`, `wrong prediction`, … */
  readonly kind: string;
  /** Whether the service is overloaded and asks to try again later: a 503 with `Retry-After`. */
  readonly refused: boolean;
  /** How many requests succeeded over this connection before. */
  readonly answeredBefore: number;
}

/** Times are in milliseconds, to a tenth. Those of responses count from the moment at which the request was due. */
export interface LoadReport {
  /** When the load started, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The number of requests, not counting second attempts. */
  readonly sent: number;
  /** First attempts that failed. */
  readonly failures: readonly LoadFailure[];
  /** Second attempts that failed too. Empty without `retryAfter`. */
  readonly lost: readonly LoadFailure[];
  /** Response times of the first attempts that succeeded; NaN if none did. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** The longest time without a correct response, from the start to the end of the load. */
  readonly longestGapMs: number;
  /** How many connections were used. With `keep-alive`, those past the pool's size replaced lost or busy ones. */
  readonly opened: number;
  /**
   * With `keep-alive`: the size of the pool at the end, including connections that were added because all were busy.
   */
  readonly kept: number;
  readonly perSecond: readonly SecondReport[];
}

/** The requests that were due in one second. */
export interface SecondReport {
  /** Counts from 0. */
  readonly second: number;
  readonly sent: number;
  readonly failed: number;
  /** See `LoadReport`. */
  readonly p50: number;
  readonly max: number;
}

/** A request that has succeeded or failed. */
export interface Sample {
  /** When it was due, in milliseconds after the start. */
  readonly due: number;
  /** Milliseconds from then to the correct response. Undefined if the first attempt failed. */
  readonly took: number | undefined;
}

/**
 * Computes the statistics of a load.
 * @param answeredAt when correct responses came, of second attempts too, in milliseconds after the start, ascending
 * @param end when the load ended, in milliseconds after the start
 */
export function summarize(
  samples: readonly Sample[],
  answeredAt: readonly number[],
  end: number,
): Omit<LoadReport, 'startedAt' | 'sent' | 'failures' | 'lost' | 'opened' | 'kept'> {
  const times = took(samples);
  return {
    p50: quantile(times, 0.5),
    p90: quantile(times, 0.9),
    p99: quantile(times, 0.99),
    max: quantile(times, 1),
    longestGapMs: tenth(longestGap(answeredAt, end)),
    perSecond: bySecond(samples),
  };
}

/** Returns what was due in each second, in order. */
export function bySecond(samples: readonly Sample[]): readonly SecondReport[] {
  return [...Map.groupBy(samples, ({ due }) => Math.floor(due / 1000))]
    .toSorted(([a], [b]) => a - b)
    .map(([second, of]) => {
      const right = took(of);
      return {
        second,
        sent: of.length,
        failed: of.length - right.length,
        p50: quantile(right, 0.5),
        max: quantile(right, 1),
      };
    });
}

/** Returns the response times of requests that succeeded, ascending. */
const took = (samples: readonly Sample[]): readonly number[] =>
  samples
    .map((sample) => sample.took)
    .filter((time) => time !== undefined)
    .toSorted((a, b) => a - b);

const quantile = (ascending: readonly number[], share: number): number => tenth(nearestRank(ascending, share));

/** Returns the smallest value that at least a share of the values do not exceed; NaN if there are none. */
export function nearestRank(ascending: readonly number[], share: number): number {
  return ascending[Math.max(Math.ceil(ascending.length * share) - 1, 0)] ?? NaN;
}

/** Ignores responses after the end: a last retry, which comes seconds later, does not make a gap. */
function longestGap(answeredAt: readonly number[], end: number): number {
  let before = 0;
  let longest = 0;
  for (const time of [...answeredAt.filter((at) => at < end), end]) {
    longest = Math.max(longest, time - before);
    before = time;
  }
  return longest;
}

const tenth = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;

/** Counts failures by kind. */
export function kindsOf(failures: readonly LoadFailure[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(failures, ({ kind }) => kind)].map(([kind, of]) => [kind, of.length]));
}

/** Formats failures by kind: `ECONNRESET 3, 503 1`. */
export function byKind(failures: readonly LoadFailure[]): string {
  return Object.entries(kindsOf(failures))
    .map(([kind, count]) => `${kind} ${String(count)}`)
    .join(', ');
}

/** Formats a report in one line, for the log of a test. */
export function formatReport({ sent, failures, lost, p50, p99, max, longestGapMs }: LoadReport): string {
  const kinds = failures.length === 0 ? '' : ` (${byKind(failures)})`;
  return (
    `${String(sent)} requests, ${String(failures.length)} failed${kinds}, ${String(lost.length)} failed twice, ` +
    `p50 ${String(p50)} ms, p99 ${String(p99)} ms, max ${String(max)} ms, longest gap ${String(longestGapMs)} ms`
  );
}
