import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels, type Labels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import type { Alert, AlertLimits, AlertSeverity } from './alert.ts';
import { alerts, type AlertName } from './alerts.ts';
import { defaultOutside, findInvalidDriftLimits, muchDrift, type DriftLimits } from './drift.ts';
import { findInvalidObjectives, recordingRules, type LatencyObjective } from './objectives.ts';
import { monitored } from './promql.ts';

/** What to change of an alert. */
export interface AlertOverride {
  /**
   * How urgent it is.
   * @default the alert's own: see docs/runbooks.md
   */
  readonly severity?: AlertSeverity;
  /**
   * How long the condition must hold before the alert fires. A whole number, 0 or more.
   * @default the alert's own: see docs/runbooks.md
   */
  readonly forSeconds?: number;
}

/** Props of AlertRules. */
export interface AlertRulesProps {
  /** The service that the alerts are about. */
  readonly service: PredictionService;
  /**
   * Share of requests that must not fail over 30 days. From 0.95 to 0.99999.
   * @default 0.999
   */
  readonly availability?: number;
  /**
   * Share of requests that must be faster than a time over 30 days.
   * @default 99 % within half a second: { objective: 0.99, thresholdSeconds: 0.5 }
   */
  readonly latency?: LatencyObjective;
  /**
   * How far values may drift from the training data. The alerts on drift exist if the setting DRIFT_SAMPLE turns its
   * metrics on.
   * @default 5 % of a feature's values out of range, or an index of 0.25: { outside: 0.05, stabilityIndex: 0.25 }
   */
  readonly drift?: DriftLimits;
  /**
   * Changes alerts by name, or turns them off:
   * `{ RhizomeQueueSlow: { severity: 'info' }, RhizomeReplicasMissing: false }`.
   * @default none
   */
  readonly alerts?: Readonly<Partial<Record<AlertName, AlertOverride | false>>>;
  /**
   * The page that each alert's `runbook_url` leads to; the alert's name in lower case follows as the anchor.
   * @default Rhizome's own
   * @explains PrometheusRule.spec.groups[1].rules[].annotations.runbook_url
   * @without Whoever is woken has to find out alone what to do.
   * @setBy AlertRules.runbooks
   */
  readonly runbooks?: string;
  /**
   * More labels of the PrometheusRule, such as those by which Prometheus selects it:
   * `{ release: 'kube-prometheus-stack' }`.
   * @default none
   * @explains PrometheusRule.metadata.labels.*
   * @without A Prometheus that selects PrometheusRules by these labels ignores this one.
   * @setBy AlertRules.labels
   */
  readonly labels?: Labels;
}

const ownRunbooks = 'https://github.com/rhizome-kit/rhizome/blob/main/docs/runbooks.md';

/**
 * Alerts on the service's objectives, and on what threatens them: a PrometheusRule of the Prometheus operator, whose
 * CRDs the cluster needs. Alerts on replicas and pods use the metrics of kube-state-metrics, and the one on memory that
 * of the kubelet. Without those metrics, these alerts never fire.
 *
 * @explains PrometheusRule
 * @without Clients are the first to notice that requests fail.
 */
export class AlertRules extends ApiObject {
  constructor(scope: Construct, id: string, props: AlertRulesProps) {
    const service = monitored(props.service);
    const limits: AlertLimits = {
      availability: props.availability ?? 0.999,
      latency: props.latency ?? { objective: 0.99, thresholdSeconds: 0.5 },
      drift: {
        outside: props.drift?.outside ?? defaultOutside,
        stabilityIndex: props.drift?.stabilityIndex ?? muchDrift,
      },
    };
    const overrides = props.alerts ?? {};
    const invalidProps = [
      ...findInvalidObjectives(limits),
      ...findInvalidDriftLimits(limits.drift),
      ...findInvalidOverrides(overrides),
    ];
    if (invalidProps.length > 0) throw new InvalidPropsError(`AlertRules of '${service.name}'`, invalidProps);

    const { name, namespace } = service;
    const runbooks = props.runbooks ?? ownRunbooks;
    const rules = (Object.entries(alerts) as [AlertName, Alert][]).flatMap(([alert, definition]) => {
      if (definition.needs !== undefined && service[definition.needs] !== true) return [];
      const override = overrides[alert];
      return override === false ? [] : [alertRule(alert, { ...definition, ...override })];
    });
    super(scope, id, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name, namespace, labels: { ...objectLabels(name), ...props.labels } },
      spec: {
        /**
         * Names of the groups of rules, which contain namespace and service.
         *
         * @explains PrometheusRule.spec.groups[].name
         * @without Prometheus refuses the rules.
         */
        groups: [
          { name: `${namespace}.${name}.objectives`, rules: recordingRules(service, limits) },
          { name: `${namespace}.${name}.alerts`, rules },
        ],
      },
    });
    patchAsWritten(this);

    function alertRule(alert: AlertName, definition: Alert): object {
      const { severity, forSeconds, summary, description, expression } = definition;
      return {
        /**
         * Name of the alert. docs/runbooks.md has a section for each.
         *
         * @explains PrometheusRule.spec.groups[1].rules[].alert
         * @without Prometheus refuses the rule.
         */
        alert,
        /**
         * The condition, in PromQL: the alert fires while it holds. The objectives and the limits of drift are in it.
         *
         * @explains PrometheusRule.spec.groups[1].rules[].expr
         * @without Prometheus refuses the rule.
         * @setBy AlertRules.availability
         * @setBy AlertRules.latency
         * @setBy AlertRules.drift
         */
        expr: expression(service, limits),
        /**
         * How long the condition must hold before the alert fires.
         *
         * @explains PrometheusRule.spec.groups[1].rules[].for
         * @without The alert fires at once: someone is told about what would have ended by itself.
         * @setBy AlertRules.alerts
         */
        ...(forSeconds > 0 && { for: duration(forSeconds) }),
        /**
         * The service that the alert is about.
         *
         * @explains PrometheusRule.spec.groups[1].rules[].labels.namespace
         * @explains PrometheusRule.spec.groups[1].rules[].labels.service
         * @without Alertmanager cannot send the alerts of each service to the team that runs it.
         */
        labels: { severity, namespace, service: name },
        /**
         * What has happened, in words.
         *
         * @explains PrometheusRule.spec.groups[1].rules[].annotations.*
         * @without The message about the alert contains its name and its labels alone.
         */
        annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
      };
    }
  }
}

/** Writes a time as Prometheus does: `15m`. */
const duration = (seconds: number): string => (seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`);

const severities: readonly unknown[] = ['critical', 'warning', 'info'] satisfies AlertSeverity[];

// Node runs TypeScript without checking types, so a name or a value may be any.
function* findInvalidOverrides(overrides: Readonly<Record<string, AlertOverride | false>>): Generator<InvalidProp> {
  for (const [alert, override] of Object.entries(overrides)) {
    const prop = `alerts.${alert}`;
    if (!Object.hasOwn(alerts, alert)) {
      const fix = `Use one of these: ${Object.keys(alerts).join(', ')}.`;
      yield { prop, value: override, reason: 'changes an alert that does not exist', fix };
    }
    if (override === false) continue;
    const { severity, forSeconds } = override;
    if (severity !== undefined && !severities.includes(severity)) {
      const fix = `Use ${severities.join(', ')}.`;
      yield { prop: `${prop}.severity`, value: severity, reason: 'is not a severity', fix };
    }
    if (forSeconds !== undefined && !(Number.isInteger(forSeconds) && forSeconds >= 0)) {
      const fix = 'Use a whole number of seconds, 0 or more.';
      yield { prop: `${prop}.forSeconds`, value: forSeconds, reason: 'is not a valid time', fix };
    }
  }
}
