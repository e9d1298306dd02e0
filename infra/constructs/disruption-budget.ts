import { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';

/**
 * Returns the specification of the PodDisruptionBudget: a node drain evicts one pod at a time.
 *
 * @param selector labels that select the pods
 */
export function disruptionBudgetSpec(selector: Labels): k8s.PodDisruptionBudgetSpec {
  return {
    /**
     * The pods that count: those of the Deployment.
     *
     * @explains PodDisruptionBudget.spec.selector.**
     * @without The budget is about no pod, and a drain evicts all of them at once.
     */
    selector: { matchLabels: selector },
    /**
     * One pod at a time may be evicted; the next one when its replacement is ready.
     *
     * @explains PodDisruptionBudget.spec.maxUnavailable
     * @without Without a number, the budget allows every eviction.
     */
    maxUnavailable: k8s.IntOrString.fromNumber(1),
    /**
     * A pod that serves nobody must not keep its node from being drained.
     *
     * @explains PodDisruptionBudget.spec.unhealthyPodEvictionPolicy
     * @without While too few pods are ready, a drain waits for a pod that may never become ready.
     */
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  };
}
