import { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';

/**
 * Returns the specification of the PodDisruptionBudget: a node drain evicts one pod at a time.
 *
 * @param selector labels that select the pods
 */
export function disruptionBudgetSpec(selector: Labels): k8s.PodDisruptionBudgetSpec {
  return {
    selector: { matchLabels: selector },
    maxUnavailable: k8s.IntOrString.fromNumber(1),
    // A pod that serves nobody must not keep its node from being drained.
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  };
}
