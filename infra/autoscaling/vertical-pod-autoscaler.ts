import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { InvalidPropsError } from '../props/invalid-props-error.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';

/** Props of VerticalPodAutoscaler. */
export interface VerticalPodAutoscalerProps {
  /** The service whose pods are observed. */
  readonly service: PredictionService;
}

const types: PropTypes<VerticalPodAutoscalerProps> = { service: 'object' };

/**
 * Recommends requests for the pods of a service, from what they used, and changes nothing: read the recommendation with
 * `kubectl describe verticalpodautoscaler`, and set the prop `resources`. It can be used beside an Autoscaling. Needs
 * the Vertical Pod Autoscaler in the cluster.
 *
 * The mode that changes pods is not offered: it would restart pods, and the memory limit, Node's heap and the number of
 * inference threads would no longer match.
 *
 * @explains VerticalPodAutoscaler
 * @without Nobody knows whether the pods request too little, or more than they use.
 */
export class VerticalPodAutoscaler extends ApiObject {
  constructor(scope: Construct, id: string, props: VerticalPodAutoscalerProps) {
    const mistyped = findMistypedProps(props, types, ['service']);
    if (mistyped.length > 0) throw new InvalidPropsError('VerticalPodAutoscaler', mistyped);
    const { service } = props;
    const { apiVersion, kind, name } = service.toScalingTarget();
    super(scope, id, {
      apiVersion: 'autoscaling.k8s.io/v1',
      kind: 'VerticalPodAutoscaler',
      metadata: { name, namespace: service.namespace, labels: objectLabels(name) },
      spec: {
        /**
         * The Deployment whose pods are observed.
         *
         * @explains VerticalPodAutoscaler.spec.targetRef.**
         * @without The autoscaler observes no pods.
         */
        targetRef: { apiVersion, kind, name },
        /**
         * The autoscaler only recommends, and changes no pod.
         *
         * @explains VerticalPodAutoscaler.spec.updatePolicy.updateMode
         * @without It restarts pods with other requests, and Node's heap and the inference threads no longer match.
         */
        updatePolicy: { updateMode: 'Off' },
      },
    });
    patchAsWritten(this);
  }
}
