import { durationBounds, metrics } from '../../service/contract/index.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import { bucketUpTo, failed, forModel, podMatchers, type MonitoredService } from './promql.ts';

/** Duration that a latency objective can compare with: a bucket of the service's histograms, in seconds. */
export type LatencyThreshold = (typeof durationBounds)[number];

/** A latency objective: the share of requests that must be answered within a time. */
export interface LatencyObjective {
  /** Share of requests that must be faster, such as 0.99. From 0.95 to 0.99999. */
  readonly objective: number;
  /** Time from request to response. One of the bounds of the service's histograms. At least 0.0001, at most 10. */
  readonly thresholdSeconds: LatencyThreshold;
}

/** What a service promises over 30 days. */
export interface Objectives {
  /** Share of requests that must not fail. */
  readonly availability: number;
  /** How many requests must be fast enough. */
  readonly latency: LatencyObjective;
}

/** How fast the error budget of 30 days may be spent in a window before someone is told. */
interface BurnRate {
  /** How many times as fast as if the budget lasted for 30 days. */
  readonly factor: number;
  /** The window that decides. */
  readonly long: string;
  /** A twelfth of it, which ends the alert. */
  readonly short: string;
}

/**
 * The windows and factors that the SRE Workbook recommends: 2 % of the budget in an hour or 5 % in six hours wake
 * someone; 10 % in one or three days are a ticket. The short window ends the alert soon after the errors end.
 *
 * @see https://sre.google/workbook/alerting-on-slos/#6-multiwindow-multi-burn-rate-alerts
 */
export const burnRates: Readonly<Record<'fast' | 'slow', readonly BurnRate[]>> = {
  fast: [
    { factor: 14.4, long: '1h', short: '5m' },
    { factor: 6, long: '6h', short: '30m' },
  ],
  slow: [
    { factor: 3, long: '1d', short: '2h' },
    { factor: 1, long: '3d', short: '6h' },
  ],
};

/** A rule that stores the result of an expression. */
export interface RecordingRule {
  /**
   * Name of the stored metric.
   *
   * @explains PrometheusRule.spec.groups[0].rules[].record
   * @without Prometheus refuses the rule.
   */
  readonly record: string;
  /**
   * What is stored, in PromQL: which share of the requests violated an objective within a window.
   *
   * @explains PrometheusRule.spec.groups[0].rules[].expr
   * @without The alerts on objectives, which compare the stored metric, never fire.
   * @setBy AlertRules.latency
   */
  readonly expr: string;
  /**
   * Labels of the stored metric: the service whose requests it counts.
   *
   * @explains PrometheusRule.spec.groups[0].rules[].labels.**
   * @without The alerts do not find the metric; those of two services would be one.
   */
  readonly labels: Readonly<Record<string, string>>;
}

/** The two kinds of objectives. */
export type ObjectiveKind = 'availability' | 'latency';

const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];
const recorded = (kind: ObjectiveKind, window: string): string => `rhizome:${kind}_errors:ratio_rate${window}`;

/** Returns the rules that record, for each window, which share of requests violated each objective. */
export function recordingRules(service: MonitoredService, { latency }: Objectives): readonly RecordingRule[] {
  const own = `${podMatchers(service)},${forModel}`;
  const labels = { namespace: service.namespace, service: service.name };
  const requests = (window: string, more = '') => `sum(rate(${metrics.requests}{${own}${more}}[${window}]))`;
  const durations = (part: string, window: string, more = '') =>
    `sum(rate(${metrics.requestDuration}_${part}{${own}${more}}[${window}]))`;
  return windows.flatMap((window) => [
    {
      record: recorded('availability', window),
      // Without a failure so far there is no series of failures: the share is then 0, not unknown.
      expr:
        `(\n  ${requests(window, `,${failed}`)}\n  or\n  0 * ${requests(window)}\n)\n` + `/\n(${requests(window)} > 0)`,
      labels,
    },
    {
      record: recorded('latency', window),
      expr:
        `1 - ${durations('bucket', window, `,${bucketUpTo(latency.thresholdSeconds)}`)}\n` +
        `/\n(${durations('count', window)} > 0)`,
      labels,
    },
  ]);
}

/** Returns the expression that holds while the budget of an objective is spent too fast. */
export function burnRateExpression(
  service: MonitoredService,
  kind: ObjectiveKind,
  speed: keyof typeof burnRates,
  objective: number,
): string {
  const own = `{namespace="${service.namespace}",service="${service.name}"}`;
  return burnRates[speed]
    .map(({ factor, long, short }) =>
      [long, short]
        .map((window) => `  ${recorded(kind, window)}${own} > ${factor} * (1 - ${objective})`)
        .join('\n  and\n'),
    )
    .map((both) => `(\n${both}\n)`)
    .join('\nor\n');
}

/** Below this objective, 14.4 times the budget could be more than all requests, and the alert could never fire. */
const lowestObjective = 0.95;
const highestObjective = 0.99999;

/** Returns the objectives that no alert could be made of. */
export function* findInvalidObjectives({ availability, latency }: Objectives): Generator<InvalidProp> {
  for (const [prop, value] of Object.entries({ availability, 'latency.objective': latency.objective })) {
    if (value >= lowestObjective && value <= highestObjective) continue;
    const fix = `Use a share from ${lowestObjective} to ${highestObjective}, such as 0.999 for 99.9 %.`;
    yield { prop, value, reason: 'is not a valid objective', fix };
  }
  if (!(durationBounds as readonly number[]).includes(latency.thresholdSeconds)) {
    const fix = `Use one of these: ${durationBounds.join(', ')}.`;
    const reason = 'is not a bucket of the histogram of durations';
    yield { prop: 'latency.thresholdSeconds', value: latency.thresholdSeconds, reason, fix };
  }
}
