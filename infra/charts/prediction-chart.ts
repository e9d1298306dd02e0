import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { objectLabels } from '../metadata/labels.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';
import { PredictionService } from '../constructs/prediction-service.ts';
import { RestrictedNamespace } from '../constructs/restricted-namespace.ts';

export interface PredictionChartProps extends PredictionServiceProps {
  /**
   * Priority of the pods over those of others: where nodes are full, pods of a lower one (0 unless they say otherwise)
   * make room. Makes a PriorityClass of the service's name, which belongs to the whole cluster.
   * @default none: the cluster's default priority, or that of priorityClassName
   */
  readonly priority?: number;
}

/** What one environment is told: a Namespace and the service in it. The id names the file: `<id>.k8s.yaml`. */
export class PredictionChart extends Chart {
  constructor(scope: Construct, id: string, { priority, ...props }: PredictionChartProps) {
    super(scope, id);
    const { name, namespace = name } = props;
    new RestrictedNamespace(this, 'namespace', { name: namespace });
    if (priority !== undefined) {
      new k8s.KubePriorityClass(this, 'priority', {
        metadata: { name, labels: objectLabels(name) },
        description: 'Answers requests that somebody waits for: goes before batch work.',
        value: priority,
      });
    }
    new PredictionService(this, 'service', { ...props, ...(priority !== undefined && { priorityClassName: name }) });
  }
}
