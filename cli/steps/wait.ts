import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Manifests } from '../manifests.ts';
import { scopeOf } from '../targets/cluster.ts';
import { judgeRollout, type RolloutProblem } from '../targets/rollout.ts';
import { readSnapshot } from '../targets/snapshot.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlLogs, kubectlPodEvents, type Scope } from '../tools/kubectl.ts';

const pollMilliseconds = 700;
/** The Deployment's progress deadline ends the wait; this only when the cluster's controllers do not work at all. */
const marginSeconds = 60;

/**
 * Waits until every replica runs what was applied, and is available.
 * @returns why there was nothing to wait for; undefined where there was
 * @throws Failure with the cause, as soon as waiting cannot help
 */
export async function waitForRollout(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<string | undefined> {
  const scope = scopeOf(kubeContext, manifests);
  const started = Date.now();
  for (let polls = 0; ; polls++) {
    const snapshot = await readSnapshot(context, scope, manifests.deployment, { quiet: polls > 0 });
    if (snapshot === undefined) throw new Failure(`The Deployment ${manifests.deployment} is gone: somebody deleted it during the rollout.`);
    const rollout = judgeRollout(snapshot);
    context.report.progress(rollout.lines);
    if (rollout.complete) return polls === 0 ? `all ${String(snapshot.deployment.spec.replicas ?? 1)} replicas run it already` : undefined;
    if (rollout.problem !== undefined) throw await explain(context, scope, manifests, rollout.problem, rollout.oldReady);
    const limit = (snapshot.deployment.spec.progressDeadlineSeconds ?? 600) + marginSeconds;
    if (Date.now() - started > limit * 1000) {
      throw await explain(context, scope, manifests, { cause: `The rollout is not complete after ${String(limit)} s.` }, rollout.oldReady);
    }
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** The failure in words, with the events and the last log lines that show it. */
async function explain(context: ExecContext, scope: Scope, manifests: Manifests, problem: RolloutProblem, oldReady: number): Promise<Failure> {
  const object = problem.pod?.metadata.name ?? manifests.deployment;
  const events = await warnings(context, scope, object);
  const log = problem.pod === undefined ? [] : await lastLog(context, scope, object, (problem.pod.status.containerStatuses?.[0]?.restartCount ?? 0) > 0);
  const others = oldReady === 0 ? '' : ` ${String(oldReady)} replicas of the version before still serve.`;
  const undo = `kubectl --context ${scope.context} --namespace ${scope.namespace} rollout undo deployment/${manifests.deployment}`;
  return new Failure(`The rollout failed: ${problem.cause}${others}`, {
    details: [
      ...(events.length === 0 ? [] : [`Events of ${object}:`, ...events.map((event) => `  ${event}`)]),
      ...(log.length === 0 ? [] : [`Last log lines of ${object}:`, ...log.map((line) => `  ${line}`)]),
    ],
    hint: `Correct the cause and run \`rhizome up\` again${oldReady === 0 ? '.' : `, or go back: ${undo}`}`,
  });
}

interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
}

async function warnings(context: ExecContext, scope: Scope, object: string): Promise<readonly string[]> {
  const { items } = JSON.parse(await exec(context, kubectlPodEvents(scope, object))) as { items: readonly Event[] };
  return items.filter(({ type }) => type === 'Warning').slice(-5)
    .map(({ reason, message, count }) => `${reason ?? ''}: ${message?.trim() ?? ''}${(count ?? 1) > 1 ? ` (${String(count)} times)` : ''}`);
}

/** Of the container that ended, when there was one before. */
async function lastLog(context: ExecContext, scope: Scope, pod: string, previous: boolean): Promise<readonly string[]> {
  try {
    return (await exec(context, kubectlLogs(scope, pod, { previous, tail: 15 }))).split('\n').filter((line) => line !== '');
  } catch (error) {
    // A container that never started has no log.
    if (error instanceof CommandFailed) return [];
    throw error;
  }
}
