import { setTimeout as sleep } from 'node:timers/promises';
import type { ReplicaStatus, Target } from '../targets/target.ts';
import { Failure } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';

const pollMilliseconds = 1000;

/** Prints each change of a replica, until Ctrl-C. */
export async function watch(context: ExecContext, target: Target): Promise<void> {
  let before: readonly string[] = [];
  while (!context.signal.aborted) {
    const lines = await target.status().then(
      (status) => status?.replicas.map(line) ?? ['Nothing is up any more.'],
      (error: unknown) => {
        if (error instanceof Failure) return context.signal.aborted ? before : [error.message];
        throw error;
      },
    );
    const now = new Date().toTimeString().slice(0, 8);
    for (const text of lines) if (!before.includes(text)) context.report.line(`${now} ${text}`);
    for (const text of before) if (isGone(text, lines)) context.report.line(`${now} ${name(text)} is gone`);
    before = lines;
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

const line = ({ name, ready, restarts, reason }: ReplicaStatus): string =>
  `${name} ${ready ? 'ready' : 'not ready'}, ${String(restarts)} restarts${reason === undefined ? '' : ` (${reason})`}`;

const name = (text: string): string => text.split(' ', 1)[0] ?? '';

const isGone = (text: string, lines: readonly string[]): boolean => / restarts/.test(text) && !lines.some((other) => name(other) === name(text));
