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
import { kubectlUndo } from '../tools/kubectl-disrupt.ts';
import { kubectlEvents, type Scope } from '../tools/kubectl.ts';
import { quote } from '../tools/quote.ts';

const pollMilliseconds = 700;
/** The log of a replica that isn't ready is read once per this many polls. */
const pollsPerLog = 4;
/** Time beyond the Deployment's progress deadline, which ends the wait unless the cluster's controllers don't work. */
const marginSeconds = 60;

/**
 * Waits until every replica runs what was applied and is available.
 * @returns why there was nothing to wait for; undefined if there was
 * @throws {RolloutFailed} as soon as waiting longer is pointless
 */
export async function waitForRollout(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
): Promise<string | undefined> {
  const scope = scopeOf(kubeContext, manifests);
  const started = Date.now();
  let first: { readonly cause: string; readonly at: number } | undefined;
  for (let polls = 0; ; polls++) {
    const snapshot = await readSnapshot(context, scope, manifests.deployment, { quiet: polls > 0 });
    if (snapshot === undefined)
      throw new Failure(`The Deployment ${manifests.deployment} was deleted during the rollout.`);
    const unready = [...snapshot.current, ...snapshot.old].filter((pod) => !replicaStatus(pod).ready);
    const probes = unready.some(isRunning) ? await readProbeFailures(context, scope) : undefined;
    const { complete, lines, oldReady, ...rollout } = judgeRollout(snapshot, probes);
    context.report.progress(lines);
    if (complete)
      return polls === 0 ? `all ${String(snapshot.deployment.spec.replicas ?? 1)} replicas already run it` : undefined;

    const limit = (snapshot.deployment.spec.progressDeadlineSeconds ?? 600) + marginSeconds;
    const problem =
      rollout.problem ??
      (polls % pollsPerLog === pollsPerLog - 1 ? await neverReady(context, scope, snapshot.current) : undefined) ??
      (Date.now() - started > limit * 1000
        ? {
            reason: 'ProgressDeadlineExceeded',
            cause: `The rollout did not complete within ${String(limit)} s.`,
            object: manifests.deployment,
          }
        : undefined);
    if (problem?.cause !== first?.cause) first = problem && { cause: problem.cause, at: Date.now() };
    if (problem !== undefined && Date.now() - (first?.at ?? 0) >= (problem.settleSeconds ?? 0) * 1000)
      throw await explain(context, scope, manifests, problem, oldReady);
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

const isRunning = (pod: Pod): boolean =>
  pod.status.containerStatuses?.[0]?.state?.running !== undefined && pod.metadata.deletionTimestamp === undefined;

/** Finds a running replica whose service has logged that it will never become ready. */
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

/** Builds the failure, with the events and the last log lines that show it. */
async function explain(
  context: ExecContext,
  scope: Scope,
  manifests: Manifests,
  problem: RolloutProblem,
  oldReady: number,
): Promise<Failure> {
  const { object, pod, hint = 'Fix the cause and run `rhizome up` again' } = problem;
  const events = await warnings(context, scope, object);
  const log = pod === undefined ? [] : (await readServiceLog(context, scope, pod)).lines;
  const others =
    oldReady === 0
      ? ''
      : oldReady === 1
        ? ' 1 replica of the previous version still serves.'
        : ` ${String(oldReady)} replicas of the previous version still serve.`;
  const undo = quote(kubectlUndo(scope, manifests.deployment));
  return new RolloutFailed(problem.reason, `The rollout failed: ${problem.cause}${others}`, {
    details: [
      ...(events.length === 0 ? [] : [`Events of ${object}:`, ...events.map((event) => `  ${event}`)]),
      ...(log.length === 0 ? [] : [`Last log lines of ${object}:`, ...log.map((line) => `  ${line}`)]),
    ],
    hint: `${hint.replace(/\.$/, '')}${oldReady === 0 ? '.' : `, or roll back: ${undo}`}`,
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
