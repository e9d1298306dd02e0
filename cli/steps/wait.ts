import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { scopeOf } from '../cluster/scope.ts';
import { readProbeFailures } from '../cluster/probe-failures.ts';
import { judgeRollout, RolloutFailed, type RolloutProblem } from '../cluster/rollout.ts';
import { readServiceLog } from '../cluster/service-log.ts';
import type { Event, List, Pod } from '../kubernetes.ts';
import { readSnapshot, replicaStatus } from '../cluster/snapshot.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlEvents, type Scope } from '../tools/kubectl.ts';

const pollMilliseconds = 700;
/** Every so many polls the log of a replica that is not ready is read. */
const pollsBetweenLogs = 4;
/** The Deployment's progress deadline ends the wait; this only when the cluster's controllers do not work at all. */
const marginSeconds = 60;

/**
 * Waits until every replica runs what was applied, and is available.
 * @returns why there was nothing to wait for; undefined where there was
 * @throws Failure with the cause, as soon as waiting cannot help
 */
export async function waitForRollout(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
): Promise<string | undefined> {
  const scope = scopeOf(kubeContext, manifests);
  const started = Date.now();
  let since: { readonly cause: string; readonly at: number } | undefined;
  for (let polls = 0; ; polls++) {
    const snapshot = await readSnapshot(context, scope, manifests.deployment, { quiet: polls > 0 });
    if (snapshot === undefined)
      throw new Failure(`The Deployment ${manifests.deployment} is gone: somebody deleted it during the rollout.`);
    const unready = [...snapshot.current, ...snapshot.old].filter((pod) => !replicaStatus(pod).ready);
    const probes = unready.some(isRunning) ? await readProbeFailures(context, scope) : undefined;
    const { complete, lines, oldReady, ...rollout } = judgeRollout(snapshot, probes);
    context.report.progress(lines);
    if (complete)
      return polls === 0 ? `all ${String(snapshot.deployment.spec.replicas ?? 1)} replicas run it already` : undefined;

    const limit = (snapshot.deployment.spec.progressDeadlineSeconds ?? 600) + marginSeconds;
    const problem =
      rollout.problem ??
      (polls % pollsBetweenLogs === pollsBetweenLogs - 1
        ? await neverReady(context, scope, snapshot.current)
        : undefined) ??
      (Date.now() - started > limit * 1000
        ? {
            reason: 'ProgressDeadlineExceeded',
            cause: `The rollout is not complete after ${String(limit)} s.`,
            object: manifests.deployment,
          }
        : undefined);
    if (problem?.cause !== since?.cause) since = problem && { cause: problem.cause, at: Date.now() };
    if (problem !== undefined && Date.now() - (since?.at ?? 0) >= (problem.mayPass ?? 0) * 1000)
      throw await explain(context, scope, manifests, problem, oldReady);
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

const isRunning = (pod: Pod): boolean =>
  pod.status.containerStatuses?.[0]?.state?.running !== undefined && pod.metadata.deletionTimestamp === undefined;

/** A replica that runs, and whose service says in its log that it will never get ready. */
async function neverReady(
  context: ExecContext,
  scope: Scope,
  pods: readonly Pod[],
): Promise<RolloutProblem | undefined> {
  const pod = pods.find((candidate) => isRunning(candidate) && !replicaStatus(candidate).ready);
  if (pod === undefined) return undefined;
  const { final } = await readServiceLog(context, scope, pod, { quiet: true });
  return final === undefined
    ? undefined
    : {
        reason: 'NeverReady',
        cause: `${pod.metadata.name} runs, but will not become ready: ${final}.`,
        pod,
        object: pod.metadata.name,
      };
}

/** The failure in words, with the events and the last log lines that show it. */
async function explain(
  context: ExecContext,
  scope: Scope,
  manifests: Manifests,
  problem: RolloutProblem,
  oldReady: number,
): Promise<Failure> {
  const { object, pod, hint = 'Correct the cause and run `rhizome up` again' } = problem;
  const events = await warnings(context, scope, object);
  const log = pod === undefined ? [] : (await readServiceLog(context, scope, pod)).lines;
  const others =
    oldReady === 0
      ? ''
      : ` ${oldReady === 1 ? '1 replica' : `${String(oldReady)} replicas`} of the version before still serve${oldReady === 1 ? 's' : ''}.`;
  const undo = `kubectl --context ${scope.context} --namespace ${scope.namespace} rollout undo deployment/${manifests.deployment}`;
  return new RolloutFailed(problem.reason, `The rollout failed: ${problem.cause}${others}`, {
    details: [
      ...(events.length === 0 ? [] : [`Events of ${object}:`, ...events.map((event) => `  ${event}`)]),
      ...(log.length === 0 ? [] : [`Last log lines of ${object}:`, ...log.map((line) => `  ${line}`)]),
    ],
    hint: `${hint.replace(/\.$/, '')}${oldReady === 0 ? '.' : `, or go back: ${undo}`}`,
  });
}

async function warnings(context: ExecContext, scope: Scope, object: string): Promise<readonly string[]> {
  const { items } = JSON.parse(
    await exec(context, kubectlEvents(scope, `involvedObject.name=${object}`)),
  ) as List<Event>;
  return items
    .filter(({ type }) => type === 'Warning')
    .slice(-5)
    .map(
      ({ reason, message, count }) =>
        `${reason ?? ''}: ${message?.trim() ?? ''}${(count ?? 1) > 1 ? ` (${String(count)} times)` : ''}`,
    );
}
