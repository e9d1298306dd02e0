import { deploymentStatus, replicaStatus, type Pod, type Snapshot } from './snapshot.ts';

export interface RolloutProblem {
  /** In words, as a sentence. */
  readonly cause: string;
  /** The replica whose events and log show it; none where no replica could even be made. */
  readonly pod?: Pod;
}

/** How far a rollout is. */
export interface Rollout {
  readonly complete: boolean;
  /** One for each replica. */
  readonly lines: readonly string[];
  /** Set once waiting longer would not help. */
  readonly problem?: RolloutProblem;
  /** Replicas of the version before that still serve. */
  readonly oldReady: number;
}

/** States of a container that pass by themselves seldom or never, with what each means. */
const hopeless: Readonly<Record<string, string>> = {
  ImagePullBackOff: 'the node does not have the image and cannot pull it',
  ErrImageNeverPull: 'the node does not have the image and may not pull it',
  InvalidImageName: "the image's name is not valid",
  CreateContainerConfigError: "the container's configuration names something that is missing",
  CreateContainerError: 'the container cannot be made',
  RunContainerError: 'the container cannot be started',
  CrashLoopBackOff: 'the container starts and exits again and again',
};

/** Judges a snapshot as `kubectl rollout status` does (staging/src/k8s.io/kubectl/pkg/polymorphichelpers), and finds the cause of a failure early. */
export function judgeRollout(snapshot: Snapshot): Rollout {
  const { deployment, current, old } = snapshot;
  const { spec, status, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  const updated = status.updatedReplicas ?? 0;
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const complete = seen && updated >= wanted && (status.replicas ?? 0) === updated && (status.availableReplicas ?? 0) >= updated;
  const problem = seen && !complete ? findProblem(snapshot) : undefined;
  return {
    complete,
    lines: [...current.map((pod) => replicaLine(pod, 'new')), ...old.map((pod) => replicaLine(pod, 'old'))],
    oldReady: deploymentStatus({ deployment, current: [], old }).ready,
    ...(problem !== undefined && { problem }),
  };
}

function replicaLine(pod: Pod, age: 'new' | 'old'): string {
  const { name, ready, restarts, reason } = replicaStatus(pod);
  const image = pod.spec.containers[0]?.image ?? '?';
  return `${age} ${name}  ${image}  ${ready ? 'ready' : (reason ?? 'starting')}, ${String(restarts)} restarts`;
}

function findProblem({ deployment, current }: Snapshot): RolloutProblem | undefined {
  const conditions = deployment.status.conditions ?? [];
  // Set when every replica of the version is available, and kept until there is another version.
  const ranBefore = conditions.some(({ type, reason }) => type === 'Progressing' && reason === 'NewReplicaSetAvailable');
  for (const pod of current) {
    const waiting = pod.status.containerStatuses?.[0]?.state?.waiting;
    const meaning = hopeless[waiting?.reason ?? ''];
    // Of a version that ran already it says only that it waits for its next start, as after a kill.
    if (waiting?.reason === 'CrashLoopBackOff' && ranBefore) continue;
    if (meaning !== undefined) return { cause: `${pod.metadata.name} is in ${waiting?.reason ?? ''}: ${meaning}.`, pod };
  }
  const late = conditions.find(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
  if (late === undefined) return undefined;
  // Quota, admission: the pods were refused before there were any.
  const refused = conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (refused !== undefined) return { cause: `The cluster refuses the replicas: ${refused.message ?? refused.reason ?? 'no reason given'}` };
  const waiting = current.find((pod) => !replicaStatus(pod).ready);
  const seconds = String(deployment.spec.progressDeadlineSeconds ?? 600);
  if (waiting === undefined) return { cause: `The rollout made no progress for ${seconds} s.` };
  const { name, reason } = replicaStatus(waiting);
  return { cause: `${name} was not ready within ${seconds} s (${reason ?? 'starting'}).`, pod: waiting };
}
