import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlGet, type Scope } from '../tools/kubectl.ts';
import type { DeploymentStatus, ReplicaStatus } from '../deployment-status.ts';
import type { List, LiveDeployment, Pod, ReplicaSet } from '../kubernetes.ts';

/** A Deployment with its pods, at one moment. */
export interface Snapshot {
  readonly deployment: LiveDeployment;
  /** Pods of the Deployment's newest revision. */
  readonly current: readonly Pod[];
  /** Pods of older revisions, which a rollout replaces. */
  readonly old: readonly Pod[];
  /** The revisions that Kubernetes keeps, in ascending order. */
  readonly revisions: readonly number[];
  /** The name of the newest revision's ReplicaSet. Missing until the controller has created it. */
  readonly replicaSet?: string;
}

const revision = ({ metadata }: ReplicaSet | LiveDeployment): number =>
  Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

const owns = (owner: LiveDeployment | ReplicaSet, { metadata }: ReplicaSet | Pod): boolean =>
  metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) ?? false;

/** kubectl itself tries to reach a cluster for over a minute: `--request-timeout` applies to each of its attempts. */
const timeoutMilliseconds = 10_000;

/** Reads everything in one request, so that the parts match. Returns undefined if the Deployment doesn't exist. */
export async function readSnapshot(
  context: ExecContext,
  scope: Scope,
  name: string,
  options: { quiet?: boolean } = {},
): Promise<Snapshot | undefined> {
  const argv = kubectlGet(scope, ['deployments', 'replicasets', 'pods'], '--output', 'json');
  const hint = `Check that the cluster is running: kubectl --context ${scope.context} get nodes`;
  const { items } = JSON.parse(await exec(context, argv, { ...options, hint, timeout: timeoutMilliseconds })) as List<
    LiveDeployment | ReplicaSet | Pod
  >;
  return pickSnapshot(items, name);
}

export function pickSnapshot(
  items: readonly (LiveDeployment | ReplicaSet | Pod)[],
  name: string,
): Snapshot | undefined {
  const deployment = items.find((item) => item.kind === 'Deployment' && item.metadata.name === name);
  if (deployment?.kind !== 'Deployment') return undefined;
  const sets = items.filter((item): item is ReplicaSet => item.kind === 'ReplicaSet' && owns(deployment, item));
  const pods = items.filter((item): item is Pod => item.kind === 'Pod');
  const of = (wanted: readonly ReplicaSet[]): Pod[] => pods.filter((pod) => wanted.some((set) => owns(set, pod)));
  const newest = sets.filter((set) => revision(set) === revision(deployment));
  return {
    deployment,
    revisions: sets.map(revision).sort((a, b) => a - b),
    ...(newest[0] !== undefined && { replicaSet: newest[0].metadata.name }),
    current: of(newest),
    old: of(sets.filter((set) => revision(set) !== revision(deployment))),
  };
}

/** Returns the Deployment's revision, and the earlier ones that it can return to, in ascending order. */
export function revisionsOf({ deployment, revisions }: Snapshot): {
  readonly current: number;
  readonly earlier: readonly number[];
} {
  const current = revision(deployment);
  return { current, earlier: revisions.filter((each) => each !== current) };
}

export function deploymentStatus({
  deployment,
  current,
  old,
}: Pick<Snapshot, 'deployment' | 'current' | 'old'>): DeploymentStatus {
  const replicas = [
    ...current.map((pod) => ({ ...replicaStatus(pod), revision: 'new' as const })),
    ...old.map((pod) => ({ ...replicaStatus(pod), revision: 'old' as const })),
  ];
  const { updatedReplicas: updated = 0, availableReplicas: available = 0 } = deployment.status;
  return {
    wanted: deployment.spec.replicas ?? 1,
    ready: replicas.filter(({ ready }) => ready).length,
    updated,
    available,
    replicas,
  };
}

/** Reads the pod's condition rather than its container's status, which doesn't change when the node is lost. */
export const isReady = ({ status }: Pod): boolean =>
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;

export function replicaStatus(pod: Pod): ReplicaStatus {
  const container = pod.status.containerStatuses?.[0];
  const leaving = pod.metadata.deletionTimestamp !== undefined;
  const ready = !leaving && isReady(pod);
  const reason = leaving ? 'Terminating' : replicaReason(pod, ready);
  const end = container?.state?.terminated ?? container?.lastState?.terminated;
  const image = pod.spec.containers[0]?.image;
  const startedAt = container?.state?.running?.startedAt;
  return {
    name: pod.metadata.name,
    ready,
    restarts: container?.restartCount ?? 0,
    ...(reason !== undefined && { reason }),
    ...(end !== undefined && {
      lastTermination: {
        reason: end.reason ?? (end.exitCode === 0 ? 'Completed' : 'Error'),
        exitCode: end.exitCode,
        ...(end.finishedAt !== undefined && { finishedAt: end.finishedAt }),
      },
    }),
    ...(startedAt !== undefined && { startedAt }),
    ...(image !== undefined && { image }),
    ...(pod.spec.nodeName !== undefined && { node: pod.spec.nodeName }),
  };
}

/** Returns why a replica isn't ready, or why a ready one last restarted. */
function replicaReason(pod: Pod, ready: boolean): string | undefined {
  const container = pod.status.containerStatuses?.[0];
  const lastEnd = container?.lastState?.terminated?.reason;
  if (ready) return lastEnd;
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return scheduled.reason;
  const state = container?.state;
  if (state?.waiting !== undefined) return state.waiting.reason;
  if (state?.terminated !== undefined) return state.terminated.reason;
  if (state?.running === undefined) return pod.status.phase;
  // Kubernetes has no reason for these: the probe that the replica has yet to pass.
  return container?.started === true ? 'ReadinessProbe' : 'StartupProbe';
}
