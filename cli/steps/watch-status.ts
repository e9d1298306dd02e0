import { setTimeout as sleep } from 'node:timers/promises';
import {
  allReplicas,
  describeReason,
  emptyCluster,
  isEmpty,
  type CanaryStatus,
  type DeploymentStatus,
  type ReplicaStatus,
} from '../deployment-status.ts';
import type { Target } from '../targets/target.ts';
import { Failure } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';

/** The status of a target, or a message that says why there is none. */
export type Observation = DeploymentStatus | string;

export interface ObserveOptions {
  /** Milliseconds from one status to the next request for it. @default 1000 */
  readonly pause?: number;
}

/** Yields the target's status again and again until Ctrl-C. A target that doesn't respond yields a message. */
export async function* observe(
  context: ExecContext,
  target: Target,
  { pause = 1000 }: ObserveOptions = {},
): AsyncGenerator<Observation> {
  const interrupted = (): boolean => context.signal.aborted;
  while (!interrupted()) {
    const observation = await target.status({ models: true }).then(
      (status) => status ?? 'Nothing is running any more.',
      (error: unknown) => {
        if (error instanceof Failure) return error.message;
        if (interrupted()) return '';
        throw error;
      },
    );
    // Ctrl-C makes the request fail: that is not a status.
    if (!interrupted()) yield observation;
    await sleep(pause, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Prints a line whenever a replica or the progress of a rollout changes, until Ctrl-C. */
export async function watch(context: ExecContext, target: Target, print: (line: string) => void): Promise<void> {
  let shown: Lines = { replicas: new Map() };
  for await (const observation of observe(context, target)) {
    const lines = linesOf(target, observation, shown);
    const time = new Date().toTimeString().slice(0, 8);
    if (lines.summary !== shown.summary && lines.summary !== undefined) print(`${time} ${lines.summary}`);
    for (const [name, line] of lines.replicas) if (shown.replicas.get(name) !== line) print(`${time} ${line}`);
    for (const name of shown.replicas.keys()) if (!lines.replicas.has(name)) print(`${time} ${name} is gone`);
    shown = lines;
  }
}

interface Lines {
  readonly summary?: string;
  /** By replica. */
  readonly replicas: ReadonlyMap<string, string>;
}

function linesOf(target: Target, observation: Observation, shown: Lines): Lines {
  // Without a status nothing is known about the replicas, so nothing about them has changed.
  if (typeof observation === 'string') return { ...shown, summary: observation };
  return {
    summary: [
      `${target.name}: ${summary(observation)}`,
      ...(observation.canary === undefined ? [] : [canarySummary(observation.canary)]),
    ].join('; '),
    replicas: new Map(allReplicas(observation).map((replica) => [replica.name, replicaLine(replica)])),
  };
}

/** `2 of 2 replicas ready`, and during a rollout how many run the new version. */
export function summary(status: DeploymentStatus): string {
  const { wanted, ready, updated, available, replicas } = status;
  if (isEmpty(status)) return emptyCluster;
  const old = replicas.filter(({ revision }) => revision === 'old').length;
  const counts = `${String(ready)} of ${String(wanted)} replicas ready`;
  if (updated === undefined || (old === 0 && updated === wanted && available === wanted)) return counts;
  const progress =
    `${String(updated)} of ${String(wanted)} new, ${String(old)} old, ` + `${String(available ?? 0)} available`;
  return `${counts}; rollout: ${progress}`;
}

/** `canary: 1 of 1 replicas ready, 10 % of the requests`. */
export const canarySummary = ({ ready, wanted, percent }: CanaryStatus): string =>
  `canary: ${String(ready)} of ${String(wanted)} replicas ready, ` +
  (percent === 0 ? 'no requests' : `${String(percent)} % of the requests`);

function replicaLine(replica: ReplicaStatus): string {
  const { name, ready, restarts, revision, model, image, node } = replica;
  const reason = describeReason(replica);
  const state = `${name} ${ready ? 'ready' : 'not ready'}, ${String(restarts)} restarts`;
  return [reason === undefined ? state : `${state} (${reason})`, revision, model, image, node]
    .filter((part) => part !== undefined)
    .join(', ');
}
