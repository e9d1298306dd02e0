import type { DriftLimits } from './drift.ts';
import type { Objectives } from './objectives.ts';
import type { MonitoredService } from './promql.ts';

/** How urgent an alert is: `critical` wakes someone, `warning` is for working hours, `info` for a dashboard. */
export type AlertSeverity = 'critical' | 'warning' | 'info';

/** What alerts are measured by. */
export interface AlertLimits extends Objectives {
  readonly drift: Required<DriftLimits>;
}

/** What an alert is about, and when it fires. */
export interface Alert {
  /**
   * How urgent the alert is: `critical` wakes someone, `warning` is for working hours, `info` for a dashboard.
   *
   * @explains PrometheusRule.spec.groups[1].rules[].labels.severity
   * @without Alertmanager cannot tell what should wake someone from what can wait.
   * @setBy AlertRules.alerts
   */
  readonly severity: AlertSeverity;
  /** What the service must have. Without it, nothing exports the metrics of the expression. @default nothing */
  readonly needs?: 'drift' | 'tokens';
  /** How long the expression must hold. */
  readonly forSeconds: number;
  readonly summary: string;
  /** May refer to labels and to the value of the expression, as Prometheus' templates do. */
  readonly description: string;
  readonly expression: (service: MonitoredService, limits: AlertLimits) => string;
}
