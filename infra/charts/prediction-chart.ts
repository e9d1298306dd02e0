import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { PriorityClass } from '../constructs/priority-class.ts';
import { PredictionService } from '../constructs/prediction-service.ts';
import { RestrictedNamespace } from '../constructs/restricted-namespace.ts';
import { objectLabels } from '../metadata/labels.ts';
import { Canary } from '../rollouts/canary.ts';
import { rolloutTypes, type Rollout } from '../rollouts/rollout.ts';
import { shadowSettings } from '../rollouts/shadow-props.ts';
import { Shadow } from '../rollouts/shadow.ts';
import { findMistypedProps, serviceProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import type { PredictionServiceProps } from '../props/prediction-service-props.ts';

/** Props of PredictionChart: those of PredictionService, and a priority. */
export interface PredictionChartProps extends PredictionServiceProps {
  /**
   * Priority of the pods. If nodes are full, Kubernetes evicts pods of a lower priority to make room; most pods have
   * priority 0. At most 1000000000. Creates a PriorityClass for this service and value, which belongs to the whole
   * cluster and which only its administrators can create; `priorityClassName` refers to one that exists.
   * @default none: the priority of `priorityClassName`, or else the cluster's default
   */
  readonly priority?: number;

  /**
   * Whether the chart contains the Namespace, which enforces the Pod Security Standard "restricted". Then, `kubectl
   * delete -f` also deletes the Namespace, and with it everything that others have put there, such as the Secret with
   * the API key. `rhizome up` creates a missing namespace in either case.
   * @default false: the namespace must exist
   */
  readonly createNamespace?: boolean;

  /**
   * What runs beside the service before it replaces it: a canary, or a shadow.
   * @default none
   */
  readonly rollout?: Rollout;
}

const chartProps: PropTypes<PredictionChartProps> = {
  ...serviceProps,
  priority: 'number',
  createNamespace: 'true or false',
  rollout: rolloutTypes,
};

/**
 * The version of Kubernetes' API that the object is written for.
 *
 * @explains *.apiVersion
 * @without Kubernetes does not know which object is meant.
 */

/**
 * What the object is.
 *
 * @explains *.kind
 * @without Kubernetes does not know which object is meant.
 */

/** The manifests of one environment. The id names the file: `<id>.k8s.yaml`. */
export class PredictionChart extends Chart {
  /** The service, to add objects that refer to it: an autoscaler's target, the backend of an Ingress. */
  readonly service: PredictionService;
  /** The canary: undefined without one in `rollout`. */
  readonly canary: Canary | undefined;
  /** The shadow: undefined without one in `rollout`. */
  readonly shadow: Shadow | undefined;

  constructor(scope: Construct, id: string, { priority, createNamespace, rollout, ...props }: PredictionChartProps) {
    const mistyped = findMistypedProps({ priority, createNamespace, rollout, ...props }, chartProps);
    if (mistyped.length > 0) throw new InvalidPropsError(`PredictionChart '${props.name}'`, mistyped);
    const { name, namespace = name } = props;
    // Objects that are added to the chart belong to the service too: `rhizome up` and `down` delete by these labels.
    super(scope, id, { labels: objectLabels(name) });
    if (createNamespace) new RestrictedNamespace(this, 'namespace', { name: namespace });
    const priorityClass =
      priority === undefined ? undefined : new PriorityClass(this, 'priority', { name, namespace, value: priority });
    const { sample: _, tolerance: _tolerance, ...shadow } = rollout?.shadow ?? {};
    this.service = new PredictionService(this, 'service', {
      ...props,
      ...(rollout?.shadow && {
        settings: { ...props.settings, ...shadowSettings({ name, namespace }, rollout.shadow) },
      }),
      ...(priorityClass && { priorityClassName: priorityClass.name }),
    });
    this.canary = rollout?.canary && new Canary(this, 'canary', { service: this.service, ...rollout.canary });
    this.shadow = rollout?.shadow && new Shadow(this, 'shadow', { service: this.service, ...shadow });
  }
}
