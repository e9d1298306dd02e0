import type { k8s } from 'cdk8s-plus-27';
import type { Labels } from '../metadata/labels.ts';
import type { Spread } from '../props/prediction-service-props.ts';
import { architectures } from '../props/checks/hardware.ts';
import type { Accelerator } from '../props/pod-props.ts';
import { gpuResource, type ResolvedProps } from '../props/resolved-props.ts';

const topologies = {
  nodes: 'kubernetes.io/hostname',
  zones: 'topology.kubernetes.io/zone',
} as const satisfies Record<keyof Spread, string>;
const lostNodeTaints = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/**
 * Returns the fields that decide where pods run: spread over nodes and, if there are several, over zones.
 *
 * A required spread blocks nobody who has only some of the nodes: those that are cordoned, lost or tainted do not count
 * (`nodeTaintsPolicy`), so all pods can move to one node of two, and run on a cluster of one. There is no pod
 * anti-affinity: it also avoids terminating pods, and so put the replacement of a deleted pod on the node of the
 * remaining one.
 *
 * @param selector labels that select the pods
 */
export function placement(
  props: ResolvedProps,
  selector: Labels,
): Pick<k8s.PodSpec, 'affinity' | 'nodeSelector' | 'topologySpreadConstraints' | 'tolerations'> {
  const { spread, lostNodeSeconds, tolerations, accelerator } = props;
  const nodeSelector = { ...accelerator?.nodeSelector, ...props.nodeSelector };
  return {
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }),
    ...(props.platforms.length > 0 && { affinity: { nodeAffinity: platformAffinity(props) } }),
    topologySpreadConstraints: (['nodes', 'zones'] as const).map((over) => ({
      /**
       * The numbers of pods on two nodes, or in two zones, differ by at most one.
       *
       * @explains PodSpec.topologySpreadConstraints[].maxSkew
       * @without Kubernetes refuses the constraint.
       */
      maxSkew: 1,
      /**
       * What the pods are spread over: nodes and, in another constraint, zones.
       *
       * @explains PodSpec.topologySpreadConstraints[].topologyKey
       * @without All pods may run on one node, and the loss of that node is the loss of all of them.
       */
      topologyKey: topologies[over],
      /**
       * What happens if the pods cannot be spread. `DoNotSchedule`: a pod waits; `ScheduleAnyway`: it runs.
       *
       * @explains PodSpec.topologySpreadConstraints[].whenUnsatisfiable
       * @without Kubernetes refuses the constraint.
       * @setBy spread
       */
      whenUnsatisfiable: spread[over] === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
      /**
       * The pods that are counted: those of this service.
       *
       * @explains PodSpec.topologySpreadConstraints[].labelSelector.**
       * @without No pod counts, and the constraint spreads nothing.
       */
      labelSelector: { matchLabels: selector },
      /**
       * Nodes that are cordoned, lost or otherwise tainted do not count.
       *
       * @explains PodSpec.topologySpreadConstraints[].nodeTaintsPolicy
       * @without During a drain of one of two nodes, the other would accept no second pod, and the drain could not end.
       */
      nodeTaintsPolicy: 'Honor',
      /**
       * The hash makes each revision spread on its own.
       *
       * @explains PodSpec.topologySpreadConstraints[].matchLabelKeys
       * @without A rollout spreads old and new pods together, and the new ones can end up next to each other once the
       *   old ones are gone.
       */
      matchLabelKeys: ['pod-template-hash'],
    })),
    tolerations: [
      ...lostNodeTaints.map((key) => ({
        /**
         * The taint that Kubernetes gives to a node that it has lost contact with, or that reports itself not ready.
         *
         * @explains PodSpec.tolerations[key=node.kubernetes.io/not-ready].**
         * @explains PodSpec.tolerations[key=node.kubernetes.io/unreachable].**
         * @without Kubernetes adds a toleration of its own, with 300 s.
         */
        key,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: lostNodeSeconds,
      })),
      ...(accelerator ? gpuTolerations(accelerator) : []),
      ...tolerations,
    ],
  };
}

/**
 * The pods run on nodes with GPUs, whose taint keeps other pods away. Nodes that offer parts of GPUs have it too.
 *
 * @explains PodSpec.tolerations[key=nvidia.com/gpu].**
 * @without No node with a GPU accepts the pods.
 * @setBy accelerator
 */
const gpuTolerations = ({ resource }: Required<Accelerator>): k8s.Toleration[] =>
  [...new Set([resource, gpuResource])].map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' }));

/** Returns the nodes that can run the image. A node selector could name only one architecture. */
const platformAffinity = (props: ResolvedProps): k8s.NodeAffinity => ({
  requiredDuringSchedulingIgnoredDuringExecution: {
    nodeSelectorTerms: [
      {
        matchExpressions: [
          { key: 'kubernetes.io/os', operator: 'In', values: ['linux'] },
          { key: 'kubernetes.io/arch', operator: 'In', values: [...architectures(props)] },
        ],
      },
    ],
  },
});
