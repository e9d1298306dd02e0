import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { paths, ports } from '../../service/contract/index.ts';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels, type Labels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { monitored } from './promql.ts';

/** Props of PodMonitor. */
export interface PodMonitorProps {
  /** The service whose pods are scraped. */
  readonly service: PredictionService;
  /**
   * Seconds between two scrapes. A whole number, 1 or more.
   * @default the interval of the Prometheus that scrapes
   * @explains PodMonitor.spec.podMetricsEndpoints[].interval
   * @without Prometheus uses its own interval.
   * @setBy PodMonitor.intervalSeconds
   */
  readonly intervalSeconds?: number;
  /**
   * More labels of the PodMonitor, such as those by which Prometheus selects it:
   * `{ release: 'kube-prometheus-stack' }`.
   * @default none
   * @explains PodMonitor.metadata.labels.*
   * @without A Prometheus that selects PodMonitors by these labels ignores this one.
   * @setBy PodMonitor.labels
   */
  readonly labels?: Labels;
}

/**
 * Lets the Prometheus operator scrape the metrics of each pod of a service. Needs the operator's CRDs in the cluster.
 *
 * It is a PodMonitor and not a ServiceMonitor, because no Service has the management port, which serves the metrics.
 *
 * @explains PodMonitor
 * @without The Prometheus of the operator has no metrics of the service, and its alerts never fire.
 */
export class PodMonitor extends ApiObject {
  constructor(scope: Construct, id: string, { service, intervalSeconds, labels = {} }: PodMonitorProps) {
    const { name, namespace } = monitored(service);
    if (intervalSeconds !== undefined && !(Number.isInteger(intervalSeconds) && intervalSeconds >= 1)) {
      throw new InvalidPropsError(`PodMonitor of '${name}'`, [
        {
          prop: 'intervalSeconds',
          value: intervalSeconds,
          reason: 'is not a valid interval',
          fix: 'Use a whole number of seconds, 1 or more.',
        },
      ]);
    }
    super(scope, id, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata: { name, namespace, labels: { ...objectLabels(name), ...labels } },
      spec: {
        /**
         * The pods that are scraped: those of the Deployment.
         *
         * @explains PodMonitor.spec.selector.**
         * @without All pods of the namespace are scraped.
         */
        selector: { matchLabels: service.podLabels },
        podMetricsEndpoints: [
          /**
           * Where each pod serves its metrics: the management port, which no Service has.
           *
           * @explains PodMonitor.spec.podMetricsEndpoints[].port
           * @explains PodMonitor.spec.podMetricsEndpoints[].path
           * @without Prometheus asks every port of the pod, and most of them serve no metrics.
           */
          {
            port: ports.management.name,
            path: paths.metrics,
            ...(intervalSeconds !== undefined && { interval: `${intervalSeconds}s` }),
          },
        ],
      },
    });
    patchAsWritten(this);
  }
}
