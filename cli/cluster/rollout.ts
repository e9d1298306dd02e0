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
  /** The object whose events show the problem. */
  readonly object: string;
  /** The replica whose log shows the problem. Missing if no replica was created. */
  readonly pod?: Pod;
  /** @default to fix the cause */
  readonly hint?: string;
  /** How many seconds the problem must last before it counts, if it may go away by itself. @default 0 */
  readonly settleSeconds?: number;
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
  /** One line per replica. */
  readonly lines: readonly string[];
  /** Set once waiting longer is pointless. */
  readonly problem?: RolloutProblem;
  /** Ready replicas of the previous version. */
  readonly oldReady: number;
}

/** A terminating replica still counts towards a quota, and the controller retries. */
const rejectionSeconds = 5;

/** Reasons for which a container waits that rarely go away by themselves, and what each means. */
const fatalReasons: Readonly<Record<string, string>> = {
  ImagePullBackOff: 'the node does not have the image and cannot pull it',
  ErrImageNeverPull: 'the node does not have the image and may not pull it',
  InvalidImageName: 'the image name is not valid',
  CreateContainerConfigError: 'the container refers to a ConfigMap or Secret that does not exist',
  CreateContainerError: 'the container cannot be created',
  RunContainerError: 'the container cannot be started',
  CrashLoopBackOff: 'the container exits repeatedly',
};

/**
 * Judges a snapshot as `kubectl rollout status` does (staging/src/k8s.io/kubectl/pkg/polymorphichelpers), and finds the
 * cause of a failure early.
 * @param probes the last messages of failing probes
 */
export function judgeRollout(snapshot: Snapshot, probes: ProbeFailures = new Map()): Rollout {
  const { deployment, current, old } = snapshot;
  const { spec, status, metadata } = deployment;
  const wanted = spec.replicas ?? 1;
  const updated = status.updatedReplicas ?? 0;
  const observed = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  const complete =
    observed && updated >= wanted && (status.replicas ?? 0) === updated && (status.availableReplicas ?? 0) >= updated;
  const problem = observed && !complete ? findProblem(snapshot, probes) : undefined;
  return {
    complete,
    lines: [
      ...current.map((pod) => `new ${replicaLine(pod, probes)}`),
      ...old.map((pod) => `old ${replicaLine(pod, probes)}`),
      ...(observed && current.length === 0 && !complete
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

/** Returns why a replica isn't ready: `ReadinessProbe: HTTP 503`, `Unschedulable: 1 Insufficient cpu`. */
function state(pod: Pod, probes: ProbeFailures): string {
  const { name, reason } = replicaStatus(pod);
  if (reason === undefined) return 'starting';
  const detail = reason === 'Unschedulable' ? schedulingFailure(pod) : probes.get(`${name} ${reason}`);
  return detail === undefined ? reason : `${reason}: ${detail}`;
}

/**
 * Returns `3 Insufficient cpu` if the scheduler's message is `0/3 nodes are available: 3 Insufficient cpu. no new
 * claims to deallocate, preemption: …`.
 */
function schedulingFailure(pod: Pod): string | undefined {
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
  // Set once all replicas of a version are available, and kept until the next version.
  const ranBefore = progressing?.reason === 'NewReplicaSetAvailable';
  for (const pod of current) {
    const { name } = pod.metadata;
    const waiting = blocking(pod)?.state?.waiting;
    const meaning = fatalReasons[waiting?.reason ?? ''];
    // If the version has run before, the container only waits for its next restart, for example after a kill.
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
  // A quota or admission controller rejected the pods.
  const [rejected] = conditions(snapshot, 'ReplicaFailure');
  if (
    rejected !== undefined &&
    (late || [...current, ...old].every(({ metadata }) => metadata.deletionTimestamp === undefined))
  ) {
    const message = rejected.message ?? rejected.reason ?? 'no reason given';
    const { cause, hint } = explainRejection(message) ?? { cause: message, hint: undefined };
    return {
      reason: 'ReplicaFailure',
      cause: `The cluster rejected the replicas: ${cause}.`,
      object: snapshot.replicaSet ?? deployment.metadata.name,
      ...(hint !== undefined && { hint }),
      ...(!late && { settleSeconds: rejectionSeconds }),
    };
  }
  if (!late) return undefined;
  const pod = current.find((candidate) => !replicaStatus(candidate).ready);
  if (pod === undefined)
    return { reason, cause: `The rollout made no progress for ${seconds} s.`, object: deployment.metadata.name };
  const { name } = pod.metadata;
  if (replicaStatus(pod).reason === 'Unschedulable') {
    const spread = schedulingFailure(pod)?.includes('topology spread')
      ? "Without `spread: { nodes: 'preferred' }` in infra/, replicas do not share a node while another has fewer. "
      : '';
    return {
      reason: 'Unschedulable',
      cause: `No node could run ${name} within ${seconds} s: ${schedulingFailure(pod) ?? 'no reason given'}.`,
      pod,
      object: name,
      hint:
        `${spread}Add a node, or lower \`resources\` or \`replicas\` in infra/. ` +
        'A rolling update needs room for one extra replica.',
    };
  }
  return { reason, cause: `${name} was not ready within ${seconds} s (${state(pod, probes)}).`, pod, object: name };
}

/** Returns the container that a replica waits for: an init container that does not succeed, or the service's own. */
function blocking({ status }: Pod) {
  const isStuck = (reason: string | undefined): boolean => reason !== undefined && reason !== 'PodInitializing';
  const init = status.initContainerStatuses?.find(({ state }) => isStuck(state?.waiting?.reason));
  return init ?? status.containerStatuses?.[0];
}

/** Returns details: the registry's message, the exit code, or the message of the probe that failed. */
function evidence(pod: Pod, probes: ProbeFailures): string {
  const status = blocking(pod);
  const waiting = status?.state?.waiting;
  if (waiting?.reason !== 'CrashLoopBackOff')
    return waiting?.message === undefined ? '' : ` (${waiting.message.trim()})`;
  const probe = probes.get(`${pod.metadata.name} StartupProbe`) ?? probes.get(`${pod.metadata.name} LivenessProbe`);
  const ended = status?.lastState?.terminated;
  if (ended?.reason === 'OOMKilled')
    return ' (OOMKilled: it needs more memory than its limit; raise `resources` in infra/)';
  // Kubernetes keeps the last lines of a failed init container. The log of the service is read elsewhere.
  const lastLine = status === pod.status.containerStatuses?.[0] ? undefined : ended?.message?.trim().split('\n').at(-1);
  if (lastLine !== undefined) return ` (${status?.name ?? ''} logs: ${lastLine})`;
  return ended === undefined
    ? ''
    : ` (exit code ${String(ended.exitCode)}${probe === undefined ? '' : `; a probe failed: ${probe}`})`;
}
