import type { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';

const topologies = ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'];
const lostNodeTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * Where pods run: on different nodes and zones where there are some, on one node where there is only one. A required
 * spread would leave the second replica pending on a one-node cluster, and block a rolling update's extra pod on two.
 *
 * `lostNodeSeconds` replaces Kubernetes' 300 s for which pods of a lost node are waited for.
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
    // The hash makes each revision spread on its own: else a rollout evens out old and new pods together, and leaves
    // the new ones side by side when the old are gone.
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
