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
      maxSkew: 1,
      topologyKey: topologies[over],
      whenUnsatisfiable: spread[over] === 'required' ? 'DoNotSchedule' : 'ScheduleAnyway',
      labelSelector: { matchLabels: selector },
      nodeTaintsPolicy: 'Honor',
      // The hash makes each revision spread on its own. Without it, a rollout spreads old and new pods together, and
      // the new ones can end up next to each other once the old ones are gone.
      matchLabelKeys: ['pod-template-hash'],
    })),
    tolerations: [
      // How long to wait for a lost node before its pods are replaced. Kubernetes' default is 300 s.
      ...lostNodeTaints.map((key) => ({
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

/** Tolerates the taint of the resource, and that of nodes with GPUs, which those that offer parts of GPUs have too. */
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
