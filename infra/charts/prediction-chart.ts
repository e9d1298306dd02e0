import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { PredictionService } from '../constructs/prediction-service.ts';
import { RestrictedNamespace } from '../constructs/restricted-namespace.ts';
import { objectLabels } from '../metadata/labels.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';

/** Props of PredictionChart: those of PredictionService, and a priority. */
export interface PredictionChartProps extends PredictionServiceProps {
  /**
   * Priority of the pods. If nodes are full, Kubernetes evicts pods of a lower priority to make room; most pods have
   * priority 0. At most 1000000000. Creates a PriorityClass with the service's name, which belongs to the whole
   * cluster.
   * @default none: the priority of `priorityClassName`, or else the cluster's default
   */
  readonly priority?: number;
}

/** The manifests of one environment: a Namespace and the service in it. The id names the file: `<id>.k8s.yaml`. */
export class PredictionChart extends Chart {
  /** The service, to add objects that refer to it: an autoscaler's target, the backend of an Ingress. */
  readonly service: PredictionService;

  constructor(scope: Construct, id: string, { priority, ...props }: PredictionChartProps) {
    const { name, namespace = name } = props;
    // Objects that are added to the chart belong to the service too: `rhizome up` and `down` delete by these labels.
    super(scope, id, { labels: objectLabels(name) });
    new RestrictedNamespace(this, 'namespace', { name: namespace });
    if (priority !== undefined) {
      new k8s.KubePriorityClass(this, 'priority', {
        metadata: { name, labels: objectLabels(name) },
        description: 'Serves requests that someone is waiting for: takes precedence over batch work.',
        value: priority,
      });
    }
    this.service = new PredictionService(this, 'service', {
      ...props,
      ...(priority !== undefined && { priorityClassName: name }),
    });
  }
}
