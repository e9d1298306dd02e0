import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../failure.ts';
import { startLoad, type LoadOptions } from '../load/load.ts';
import { byKind, type LoadReport } from '../load/report.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { ChaosEvent, Happening, Promised, Undo } from './experiment.ts';
import { complete } from './replicas.ts';
import type { Stage } from './chaos-context.ts';

/** What an event cost. */
export interface Outcome {
  readonly event: string;
  readonly promised: Promised;
  /** Why it was not done; then nothing else is known. */
  readonly skipped?: string;
  readonly sent?: number;
  /** First attempts, and those whose second attempt failed too. */
  readonly failed?: number;
  readonly failedTwice?: number;
  /** Which failures, as `ECONNRESET 3`. */
  readonly kinds?: string;
  readonly longestGapMs?: number;
  /** Seconds from the blow until all replicas were ready again. */
  readonly backAfterSeconds?: number;
  readonly seen?: string;
  /** What was promised and did not hold; empty where all did. */
  readonly broken: readonly string[];
}

/**
 * How long a client that retries waits, in milliseconds. Kubernetes may need two seconds to see a death: the kubelet looks
 * at its containers each second, and kube-proxy writes its rules at most each second.
 */
export const retryAfter = 3000;
/** What nothing is worth, in milliseconds: others go on answering, whatever happens to one. */
const longestSilence = 10_000;
/** Load before the blow, and after all is whole again. */
const before = 3000;
const after = 4000;

/** Breaks what runs under load, and takes back what has to be. @throws the signal's reason, once all is taken back */
export async function perform(
  event: ChaosEvent,
  stage: Stage,
  options: Omit<LoadOptions, 'retryAfter'>,
): Promise<Outcome> {
  const { context, watch, wanted } = stage;
  const { report, signal } = context;
  const { name, promised } = event;
  await watch.until(`Not all ${String(wanted)} replicas are ready to begin with`, 120, complete(wanted));
  const skipped = await event.skip(stage);
  if (skipped !== undefined) {
    report.line(`${name} is skipped: ${skipped}.`);
    return { event: name, promised, skipped, broken: [] };
  }
  report.step(`${name}: ${event.title}, under load`);
  const { undo, takeAllBack } = createUndo(context);

  const load = startLoad({ ...options, retryAfter });
  const live = setInterval(() => {
    report.progress(watch.lines);
  }, 500);
  let happening: Happening | undefined;
  let failure: Failure | undefined;
  try {
    await sleep(before, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    happening = await event.run(stage, undo);
    await sleep(after, undefined, { signal }).catch(() => undefined);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failure)) throw error;
    failure = error;
  } finally {
    clearInterval(live);
    await takeAllBack();
    await load.stop();
  }
  const loaded = await load.stop();
  const broken = [...(failure === undefined ? [] : [failure.message, ...failure.details]), ...excess(promised, loaded)];
  const outcome: Outcome = {
    event: name,
    promised,
    sent: loaded.sent,
    failed: loaded.failures.length,
    failedTwice: loaded.lost.length,
    kinds: byKind(loaded.failures),
    longestGapMs: loaded.longestGapMs,
    ...(happening !== undefined && {
      backAfterSeconds: Math.round((happening.backAt - happening.struckAt) / 100) / 10,
      seen: happening.seen,
    }),
    broken,
  };
  for (const line of broken) report.line(`✗ ${line}`);
  return outcome;
}

/** What a load shows beyond what was promised. */
function excess(promised: Promised, { sent, failures, lost, longestGapMs }: LoadReport): readonly string[] {
  if (promised === 'lossless' && failures.length > 0)
    return [`${String(failures.length)} of ${String(sent)} requests failed, where none may: ${byKind(failures)}.`];
  if (promised === 'one retry' && lost.length > 0)
    return [`${String(lost.length)} requests failed, and again ${String(retryAfter / 1000)} s later: ${byKind(lost)}.`];
  if (longestGapMs > longestSilence) return [`No request was answered for ${(longestGapMs / 1000).toFixed(1)} s.`];
  return [];
}

/** What has been done and is to be taken back, the last first. */
function createUndo(context: ExecContext): { readonly undo: Undo; readonly takeAllBack: () => Promise<void> } {
  const open: (() => Promise<void>)[] = [];
  const calm: ExecContext = { ...context, signal: new AbortController().signal };
  return {
    undo(takeBack) {
      let taken: Promise<void> | undefined;
      const once = (): Promise<void> => (taken ??= takeBack(calm).then(() => undefined));
      open.push(once);
      return once;
    },
    async takeAllBack() {
      for (const takeBack of open.toReversed()) {
        await takeBack().catch((error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          context.report.failure(`This could not be taken back: ${error.message}`, error.details, error.hint);
        });
      }
    },
  };
}
