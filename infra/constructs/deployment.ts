import { Lazy } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';
import type { ResolvedProps } from '../props/resolved-props.ts';

/** What the Deployment's specification is made of, besides the props. */
export interface DeploymentParts {
  /** Labels that select the pods. */
  readonly selector: Labels;
  /** Labels of the pods, besides those in the props. */
  readonly labels: Labels;
  readonly podSpec: k8s.PodSpec;
  /** Whether an autoscaler sets the number of replicas. It is called when the manifests are written. */
  readonly hasAutoscaler: () => boolean;
}

/** Returns the specification of the Deployment. */
export function deploymentSpec(props: ResolvedProps, parts: DeploymentParts): k8s.DeploymentSpec {
  const { selector, labels, podSpec, hasAutoscaler } = parts;
  return {
    // Each apply would reset the number that an autoscaler has set.
    replicas: Lazy.any({ produce: () => (hasAutoscaler() ? undefined : props.replicas) }) as number,
    /**
     * The pods that belong to the Deployment: those with all of these labels. None of them changes with a version,
     * because a selector is immutable.
     *
     * @explains Deployment.spec.selector.**
     * @without Kubernetes refuses the Deployment. With fewer labels, it would take pods of other services for its own.
     */
    selector: { matchLabels: selector },
    strategy: {
      /**
       * New pods replace old ones little by little.
       *
       * @explains Deployment.spec.strategy.type
       * @without The default is the same. `Recreate` would stop all old pods first, and nobody would serve meanwhile.
       */
      type: 'RollingUpdate',
      rollingUpdate: {
        /**
         * During a rollout, one pod more than `replicas` may run: the new pod starts before an old one stops.
         *
         * @explains Deployment.spec.strategy.rollingUpdate.maxSurge
         * @without The default is a quarter of the pods: a rollout of many replicas would need room for many more.
         */
        maxSurge: k8s.IntOrString.fromNumber(1),
        /**
         * A new pod must be ready before an old one is stopped, so there are never fewer than `replicas`.
         *
         * @explains Deployment.spec.strategy.rollingUpdate.maxUnavailable
         * @without The default is a quarter of the pods: of four replicas, three would have to serve all requests.
         */
        maxUnavailable: k8s.IntOrString.fromNumber(0),
      },
    },
    minReadySeconds: props.minReadySeconds,
    progressDeadlineSeconds: props.progressDeadlineSeconds,
    revisionHistoryLimit: props.revisionHistoryLimit,
    template: {
      metadata: {
        labels: { ...props.podLabels, ...labels, ...selector },
        ...(Object.keys(props.podAnnotations).length > 0 && { annotations: props.podAnnotations }),
      },
      spec: podSpec,
    },
  };
}
