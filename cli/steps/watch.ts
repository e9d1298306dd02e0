import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentStatus, ReplicaStatus } from '../deployment-status.ts';
import type { Target } from '../targets/target.ts';
import { Failure } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';

const pollMilliseconds = 1000;

/** What a look at a target showed: its status, or why there is none. */
export type Seen = DeploymentStatus | string;

/** Looks again and again, until Ctrl-C; a target that does not answer is a line, not the end. */
export async function* looks(context: ExecContext, target: Target): AsyncGenerator<Seen> {
  const interrupted = (): boolean => context.signal.aborted;
  while (!interrupted()) {
    const seen = await target.status({ models: true }).then(
      (status) => status ?? 'Nothing is up any more.',
      (error: unknown) => {
        if (error instanceof Failure) return error.message;
        if (interrupted()) return '';
        throw error;
      },
    );
    // A question that Ctrl-C cut off has no answer.
    if (!interrupted()) yield seen;
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
}

/** Prints each change, of a replica or of how far a rollout is, until Ctrl-C. */
export async function watch(context: ExecContext, target: Target, print: (line: string) => void): Promise<void> {
  let before: readonly string[] = [];
  for await (const seen of looks(context, target)) {
    const lines = typeof seen === 'string' ? [seen] : [`${target.name}: ${summary(seen)}`, ...seen.replicas.map(line)];
    const now = new Date().toTimeString().slice(0, 8);
    for (const text of lines) if (!before.includes(text)) print(`${now} ${text}`);
    for (const text of before) if (isGone(text, lines)) print(`${now} ${name(text)} is gone`);
    before = lines;
  }
}

/** `2 of 2 replicas ready`, and of a rollout that is on its way how many are new. */
export function summary({ wanted, ready, updated, available, replicas }: DeploymentStatus): string {
  const old = replicas.filter(({ revision }) => revision === 'old').length;
  const rollout =
    updated === undefined || (old === 0 && updated === wanted && available === wanted)
      ? ''
      : `; rollout: ${String(updated)} of ${String(wanted)} new, ${String(old)} old, ${String(available ?? 0)} available`;
  return `${String(ready)} of ${String(wanted)} replicas ready${rollout}`;
}

function line({ name, ready, restarts, reason, ...more }: ReplicaStatus): string {
  const state = `${ready ? 'ready' : 'not ready'}, ${String(restarts)} restarts${reason === undefined ? '' : ` (${reason})`}`;
  return [`${name} ${state}`, more.revision, more.model, more.image, more.node]
    .filter((part) => part !== undefined)
    .join(', ');
}

const name = (text: string): string => text.split(' ', 1)[0] ?? '';

const isGone = (text: string, lines: readonly string[]): boolean =>
  / restarts/.test(text) && !lines.some((other) => name(other) === name(text));
