import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { startLoad, type Load } from '../load/load.ts';
import { byKind, type LoadFailure, type LoadReport } from '../load/report.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { Experiment, Recovery, Undo } from './experiment.ts';
import type { ExpectedImpact, Outcome } from './outcome.ts';
import { complete } from './replicas.ts';
import type { ChaosContext } from './chaos-context.ts';

/**
 * How long a client waits before it retries, in milliseconds. Kubernetes may need two seconds to notice a death: the
 * kubelet looks at its containers each second, and kube-proxy writes its rules at most each second.
 */
export const retryAfter = 3000;
/**
 * A longer time without a right response exceeds every expected impact, in milliseconds: other replicas keep serving.
 */
const longestSilence = 10_000;
/** How long the load runs before the disruption, and after the recovery, in milliseconds. */
const before = 3000;
const after = 4000;

/**
 * Performs an experiment under load, and undoes what must be undone.
 * @param show called twice a second with the load, and once after its end
 * @throws the signal's reason, after everything is undone
 */
export async function perform(
  experiment: Experiment,
  chaos: ChaosContext,
  show: (load: Load) => void,
): Promise<Outcome> {
  const { context, watch, wanted } = chaos;
  const { report, signal } = context;
  const { name, expectedImpact } = experiment;
  await watch.until(`Not all ${String(wanted)} replicas were ready before the experiment`, 120, complete(wanted));
  const skipped = await experiment.skip(chaos);
  if (skipped !== undefined) {
    report.skipped(name, skipped);
    return { experiment: name, expectedImpact, skipped, exceeded: [] };
  }
  report.step(`${name}: ${experiment.title}, under load`);
  const { undo, undoAll } = createUndo(context);

  const started = performance.now();
  const load = startLoad((await experiment.load?.(chaos)) ?? { ...chaos.load, retryAfter });
  const live = setInterval(() => {
    show(load);
  }, 500);
  let recovery: Recovery | undefined;
  let failure: Failure | undefined;
  try {
    await sleep(before, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    recovery = await experiment.run(chaos, undo, load);
    await sleep(after, undefined, { signal }).catch(() => undefined);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    failure = error;
  } finally {
    try {
      await undoAll();
    } finally {
      await load.stop();
      clearInterval(live);
      show(load);
    }
  }
  const loaded = await load.stop();
  const refused = loaded.failures.filter((failed) => failed.refused);
  const failures =
    expectedImpact === 'refusals only' ? loaded.failures.filter((failed) => !failed.refused) : loaded.failures;
  const exceeded = [
    ...(failure === undefined ? [] : [failure.message, ...failure.details]),
    ...excess(expectedImpact, loaded, failures),
  ];
  report.progress([]);
  if (exceeded.length === 0)
    report.done(`${name}: within the expected impact, ${expectedImpact}`, (performance.now() - started) / 1000);
  for (const line of exceeded) report.line(`✗ ${line}`);
  return {
    experiment: name,
    expectedImpact,
    sent: loaded.sent,
    failed: failures.length,
    refused: refused.length,
    failedTwice: loaded.lost.length,
    kinds: byKind(failures),
    ...(Number.isFinite(loaded.p99) && { p99Ms: loaded.p99 }),
    longestGapMs: loaded.longestGapMs,
    ...(recovery !== undefined && {
      backAfterSeconds: Math.round((recovery.recoveredAt - recovery.disruptedAt) / 100) / 10,
      observed: recovery.observed,
    }),
    exceeded,
  };
}

/**
 * Returns what the load shows beyond the expected impact.
 * @param failures without refusals, if those are expected
 */
function excess(
  expected: ExpectedImpact,
  { sent, failures: all, lost, longestGapMs }: LoadReport,
  failures: readonly LoadFailure[],
): readonly string[] {
  if (expected === 'refusals only' && failures.length > 0)
    return [
      `${String(failures.length)} of ${String(sent)} requests failed without being refused: ${byKind(failures)}.`,
    ];
  if (expected === 'refusals only' && all.length === 0)
    return [`None of ${String(sent)} requests was refused: they were not more than the replicas can serve.`];
  if (expected === 'no failures' && failures.length > 0)
    return [`${String(failures.length)} of ${String(sent)} requests failed, but none should: ${byKind(failures)}.`];
  if (expected === 'one retry' && lost.length > 0)
    return [
      `${String(lost.length)} of ${String(sent)} requests failed, ` +
        `and failed again ${String(retryAfter / 1000)} s later: ${byKind(lost)}.`,
    ];
  if (longestGapMs > longestSilence)
    return [`No request got a right response for ${(longestGapMs / 1000).toFixed(1)} s.`];
  return [];
}

/** Keeps the actions that undo what was done; the last one runs first. */
function createUndo(context: ExecContext): { readonly undo: Undo; readonly undoAll: () => Promise<void> } {
  const actions: (() => Promise<void>)[] = [];
  const uninterrupted: ExecContext = { ...context, signal: new AbortController().signal };
  return {
    undo(action) {
      let done: Promise<void> | undefined;
      const once = (): Promise<void> => (done ??= action(uninterrupted).then(() => undefined));
      actions.push(once);
      return once;
    },
    async undoAll() {
      for (const action of actions.toReversed()) {
        await action().catch((error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          context.report.failure(`This could not be undone: ${error.message}`, error.details, error.hint);
        });
      }
    },
  };
}
