import type { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';

const topologies = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'];
const lostNodeTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * Returns the fields that decide where pods run: on different nodes and in different zones if there are several, and
 * otherwise together. A required spread would leave the second replica pending on a one-node cluster, and would block
 * the extra pod of a rolling update on two nodes.
 *
 * @param selector labels that select the pods
 * @param lostNodeSeconds how long to wait for a lost node before its pods are replaced; Kubernetes' default is 300 s
 */
export function placement(
  selector: Labels,
  lostNodeSeconds: number,
): Pick<k8s.PodSpec, 'affinity' | 'topologySpreadConstraints' | 'tolerations'> {
  const labelSelector = { matchLabels: selector };
  return {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 100, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector } },
        ],
      },
    },
    // The hash makes each revision spread on its own. Without it, a rollout spreads old and new pods together, and the
    // new ones can end up next to each other once the old ones are gone.
    topologySpreadConstraints: topologies.map((topologyKey) => ({
      maxSkew: 1,
      topologyKey,
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector,
      matchLabelKeys: ['pod-template-hash'],
    })),
    tolerations: lostNodeTaints.map((key) => ({
      key,
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: lostNodeSeconds,
    })),
  };
}
