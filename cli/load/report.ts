export interface LoadFailure {
  /** Clock time, in milliseconds, at which the request was sent and at which it failed. */
  readonly sentAt: number;
  readonly failedAt: number;
  /** `ECONNRESET`, `503`, `timeout`, `wrong answer`, ... */
  readonly kind: string;
  /** Requests that this connection had answered before: 0 where it was never of use. */
  readonly answeredBefore: number;
}

/** Times are in milliseconds, to a tenth; those of answers count from the moment at which the request was due. */
export interface LoadReport {
  /** Requests, each counted once. */
  readonly sent: number;
  /** First attempts that failed. */
  readonly failures: readonly LoadFailure[];
  /** Second attempts that failed too; with `retryAfter` only. */
  readonly lost: readonly LoadFailure[];
  /** Of the first attempts that were answered rightly; NaN where none was. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  /** The longest time without a right answer, from the first request's time to the end. */
  readonly longestGapMs: number;
  /** Connections that carried a request: with `keep-alive`, what exceeds the pool took the place of a lost one, or of a busy one. */
  readonly opened: number;
  /** With `keep-alive`: connections that were kept at a time in the end, the pool and those that busy ones made necessary. */
  readonly kept: number;
  readonly perSecond: readonly SecondReport[];
}

/** The requests that were due in one second. */
export interface SecondReport {
  /** From 0. */
  readonly second: number;
  readonly sent: number;
  readonly failed: number;
  /** As in the whole report. */
  readonly p50: number;
  readonly max: number;
}

/** One request that is over. */
export interface Sample {
  /** Milliseconds after the start at which it was due. */
  readonly due: number;
  /** Milliseconds from then to the right answer; undefined where the first attempt failed. */
  readonly took: number | undefined;
}

/** @param answeredAt when right answers came, second attempts' too, in milliseconds after the start, ascending */
export function summarize(
  samples: readonly Sample[],
  answeredAt: readonly number[],
  end: number,
): Omit<LoadReport, 'sent' | 'failures' | 'lost' | 'opened' | 'kept'> {
  const times = took(samples);
  const bySecond = Map.groupBy(samples, ({ due }) => Math.floor(due / 1000));
  return {
    p50: quantile(times, 0.5),
    p90: quantile(times, 0.9),
    p99: quantile(times, 0.99),
    max: quantile(times, 1),
    longestGapMs: tenth(longestGap(answeredAt, end)),
    perSecond: [...bySecond]
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
      }),
  };
}

/** How long right answers took, ascending. */
const took = (samples: readonly Sample[]): readonly number[] =>
  samples
    .map((sample) => sample.took)
    .filter((time) => time !== undefined)
    .toSorted((a, b) => a - b);

const quantile = (ascending: readonly number[], share: number): number => tenth(nearestRank(ascending, share));

/** The value of which a share of all, ascending, are no greater; NaN of none. */
export function nearestRank(ascending: readonly number[], share: number): number {
  return ascending[Math.max(Math.ceil(ascending.length * share) - 1, 0)] ?? NaN;
}

/** Of the time in which requests were sent: that the last retry comes seconds after it is no gap. */
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

/** How many failed of which kind. */
export function kindsOf(failures: readonly LoadFailure[]): Readonly<Record<string, number>> {
  return Object.fromEntries([...Map.groupBy(failures, ({ kind }) => kind)].map(([kind, of]) => [kind, of.length]));
}

/** The same in words: `ECONNRESET 3, 503 1`. Empty where none did. */
export function byKind(failures: readonly LoadFailure[]): string {
  return Object.entries(kindsOf(failures))
    .map(([kind, count]) => `${kind} ${String(count)}`)
    .join(', ');
}

/** A report in one line, for the log of a test. */
export function inOneLine({ sent, failures, lost, p50, p99, max, longestGapMs }: LoadReport): string {
  const kinds = failures.length === 0 ? '' : ` (${byKind(failures)})`;
  return `${String(sent)} requests, ${String(failures.length)} failed${kinds}, ${String(lost.length)} failed twice, p50 ${String(p50)} ms, p99 ${String(p99)} ms, max ${String(max)} ms, longest gap ${String(longestGapMs)} ms`;
}
