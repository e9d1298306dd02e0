import { Failure } from '../failure.ts';
import type { ProbeFailures } from './probe-failures.ts';
import { explainRejection } from './rejection.ts';
import type { Pod } from '../kubernetes.ts';
import { deploymentStatus, replicaStatus, type Snapshot } from './snapshot.ts';

export interface RolloutProblem {
  /** One word in CamelCase, as Kubernetes uses it: `ImagePullBackOff`, `Unschedulable`. Code may branch on it. */
  readonly reason: string;
  /** A sentence. */
  readonly cause: string;
  /** The object whose events show it. */
  readonly object: string;
  /** The replica whose log shows it; none where no replica could even be made. */
  readonly pod?: Pod;
  /** What to do; by default to correct the cause. */
  readonly hint?: string;
  /** It may pass by itself within so many seconds: only after them it is believed. */
  readonly mayPass?: number;
}

/** A rollout that waiting longer will not complete. */
export class RolloutFailed extends Failure {
  override readonly name = 'RolloutFailed';
  /** As in `RolloutProblem`. */
  readonly reason: string;

  constructor(
    reason: string,
    message: string,
    options: { readonly details: readonly string[]; readonly hint: string },
  ) {
    super(message, options);
    this.reason = reason;
  }
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

/** A replica that is on its way out counts for a quota; and the controller tries again. */
const refusalSeconds = 5;

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

/**
 * Judges a snapshot as `kubectl rollout status` does (staging/src/k8s.io/kubectl/pkg/polymorphichelpers), and finds the
 * cause of a failure early.
 * @param probes what failing probes said
 */
export function judgeRollout(snapshot: Snapshot, probes: ProbeFailures = new Map()): Rollout {
  const { deployment, current, old } = snapshot;
  const { spec, status, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  const updated = status.updatedReplicas ?? 0;
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const complete =
    seen && updated >= wanted && (status.replicas ?? 0) === updated && (status.availableReplicas ?? 0) >= updated;
  const problem = seen && !complete ? findProblem(snapshot, probes) : undefined;
  return {
    complete,
    lines: [
      ...current.map((pod) => `new ${replicaLine(pod, probes)}`),
      ...old.map((pod) => `old ${replicaLine(pod, probes)}`),
      ...(seen && current.length === 0 && !complete
        ? conditions(snapshot, 'ReplicaFailure').map(({ message }) => `no new replica: ${message ?? ''}`)
        : []),
    ],
    oldReady: deploymentStatus({ deployment, current: [], old }).ready,
    ...(problem !== undefined && { problem }),
  };
}

function replicaLine(pod: Pod, probes: ProbeFailures): string {
  const { name, ready, restarts, node = 'no node yet', image = '?' } = replicaStatus(pod);
  const lastEnd = pod.status.containerStatuses?.[0]?.lastState?.terminated?.reason;
  const why = restarts > 0 && lastEnd !== undefined ? ` (${lastEnd})` : '';
  return `${name}  ${ready ? 'ready' : state(pod, probes)}, ${String(restarts)} restarts${why}, ${node}, ${image}`;
}

/** What a replica that is not ready waits for: `ReadinessProbe: HTTP 503`, `Unschedulable: 1 Insufficient cpu`. */
function state(pod: Pod, probes: ProbeFailures): string {
  const { name, reason } = replicaStatus(pod);
  if (reason === undefined) return 'starting';
  const detail = reason === 'Unschedulable' ? noRoom(pod) : probes.get(`${name} ${reason}`);
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

/** Of the scheduler's `0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: …`, the first part's reasons. */
function noRoom(pod: Pod): string | undefined {
  const message = pod.status.conditions?.find(({ type }) => type === 'PodScheduled')?.message;
  return message === undefined
    ? undefined
    : (/^0\/\d+ nodes are available: (.*?)\.(?: |$)/.exec(message)?.[1] ?? message);
}

const conditions = ({ deployment }: Snapshot, wanted: string) =>
  (deployment.status.conditions ?? []).filter(({ type, status }) => type === wanted && status === 'True');

function findProblem(snapshot: Snapshot, probes: ProbeFailures): RolloutProblem | undefined {
  const { deployment, current, old } = snapshot;
  const progressing = deployment.status.conditions?.find(({ type }) => type === 'Progressing');
  // Set when every replica of the version is available, and kept until there is another version.
  const ranBefore = progressing?.reason === 'NewReplicaSetAvailable';
  for (const pod of current) {
    const { name } = pod.metadata;
    const waiting = pod.status.containerStatuses?.[0]?.state?.waiting;
    const meaning = hopeless[waiting?.reason ?? ''];
    // Of a version that ran already it says only that it waits for its next start, as after a kill.
    if (waiting?.reason === 'CrashLoopBackOff' && ranBefore) continue;
    if (meaning !== undefined)
      return {
        reason: waiting?.reason ?? '',
        cause: `${name} is in ${waiting?.reason ?? ''}: ${meaning}${evidence(pod, probes)}.`,
        pod,
        object: name,
      };
  }
  const reason = 'ProgressDeadlineExceeded';
  const late = progressing?.reason === reason;
  const seconds = String(deployment.spec.progressDeadlineSeconds ?? 600);
  // Quota, admission: the pods were refused before there were any.
  const [refused] = conditions(snapshot, 'ReplicaFailure');
  if (
    refused !== undefined &&
    (late || [...current, ...old].every(({ metadata }) => metadata.deletionTimestamp === undefined))
  ) {
    const message = refused.message ?? refused.reason ?? 'no reason given';
    const { cause, hint } = explainRejection(message) ?? { cause: message, hint: undefined };
    return {
      reason: 'ReplicaFailure',
      cause: `The cluster rejected the replicas: ${cause}.`,
      object: snapshot.replicaSet ?? deployment.metadata.name,
      ...(hint !== undefined && { hint }),
      ...(!late && { mayPass: refusalSeconds }),
    };
  }
  if (!late) return undefined;
  const pod = current.find((candidate) => !replicaStatus(candidate).ready);
  if (pod === undefined)
    return { reason, cause: `The rollout made no progress for ${seconds} s.`, object: deployment.metadata.name };
  const { name } = pod.metadata;
  if (replicaStatus(pod).reason === 'Unschedulable') {
    return {
      reason: 'Unschedulable',
      cause: `No node had room for ${name} within ${seconds} s: ${noRoom(pod) ?? 'no reason given'}.`,
      pod,
      object: name,
      hint: 'Add a node, or lower `resources` or `replicas` in infra/. A rolling update needs room for one replica more than are wanted.',
    };
  }
  return { reason, cause: `${name} was not ready within ${seconds} s (${state(pod, probes)}).`, pod, object: name };
}

/** What is known beyond the state's name: the words of the registry, how the container ended, the probe that had it killed. */
function evidence(pod: Pod, probes: ProbeFailures): string {
  const status = pod.status.containerStatuses?.[0];
  const waiting = status?.state?.waiting;
  if (waiting?.reason !== 'CrashLoopBackOff')
    return waiting?.message === undefined ? '' : ` (${waiting.message.trim()})`;
  const probe = probes.get(`${pod.metadata.name} StartupProbe`) ?? probes.get(`${pod.metadata.name} LivenessProbe`);
  const ended = status?.lastState?.terminated;
  if (ended?.reason === 'OOMKilled')
    return ' (OOMKilled: it needs more memory than its limit; raise `resources` in infra/)';
  return ended === undefined
    ? ''
    : ` (exit code ${String(ended.exitCode)}${probe === undefined ? '' : `; a probe said: ${probe}`})`;
}
