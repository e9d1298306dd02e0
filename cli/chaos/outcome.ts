/** What an experiment may cost. docs/chaos.md explains each. */
export type ExpectedImpact =
  /** No request fails. */
  | 'no failures'
  /** A failed request succeeds if it is sent once more, three seconds later. */
  | 'one retry'
  /** The other replicas keep serving. Requests to a lost node fail until Kubernetes knows that it is lost. */
  | 'keeps serving'
  /** What the replicas cannot serve is refused, with the request to try again later. No other request fails. */
  | 'refusals only';

/** What each promises, in a sentence. */
export const impactInWords: Readonly<Record<ExpectedImpact, string>> = {
  'no failures': 'No request fails.',
  'one retry': 'A request that fails succeeds if it is sent again 3 s later.',
  'keeps serving': 'The other replicas keep serving: never 10 s without a correct response.',
  'refusals only': 'What the replicas cannot serve is refused at once. No other request fails.',
};

/** What an experiment cost. `rhizome chaos --json` prints this shape. */
export interface Outcome {
  readonly experiment: string;
  readonly expectedImpact: ExpectedImpact;
  /** Why the experiment was not performed. If present, only the properties above are too. */
  readonly skipped?: string;
  /** Requests, each counted once. */
  readonly sent?: number;
  /** First attempts that failed, not counting those that an experiment with `refusals only` expects. */
  readonly failed?: number;
  /** First attempts that were refused, since the service is overloaded. */
  readonly refused?: number;
  /** Second attempts, three seconds later, that failed too. */
  readonly failedTwice?: number;
  /** The kinds of the failures, such as `ECONNRESET 3`. */
  readonly kinds?: string;
  /** 99 % of the requests that succeeded took no longer, in milliseconds from when they were due. */
  readonly p99Ms?: number;
  readonly longestGapMs?: number;
  /** Seconds from the disruption until all replicas were ready again. */
  readonly backAfterSeconds?: number;
  readonly observed?: string;
  /** What went beyond the expected impact; empty if nothing did. */
  readonly exceeded: readonly string[];
}
