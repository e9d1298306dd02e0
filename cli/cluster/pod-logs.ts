import { setTimeout as sleep } from 'node:timers/promises';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { plainLog, type FormatLog } from '../terminal/log-format.ts';
import { kubectlLogs, type Scope } from '../tools/kubectl.ts';
import { readSnapshot, replicaStatus } from './snapshot.ts';

/** How often new replicas and restarted containers are looked for, in milliseconds. */
const lookAgain = 2000;

/**
 * Writes the log lines of every replica to standard output. `kubectl logs --follow` stays
 * with one container: here a restarted container and a new replica are followed as they come.
 */
export async function followLogs(
  context: ExecContext,
  scope: Scope,
  deployment: string,
  { follow, format = plainLog }: { follow: boolean; format?: FormatLog | undefined },
): Promise<void> {
  const followed = new Map<string, Promise<void>>();
  const write =
    (pod: string) =>
    (line: string): void => {
      process.stdout.write(`${format(pod, line)}\n`);
    };

  while (!context.signal.aborted) {
    const snapshot = await readSnapshot(context, scope, deployment, { quiet: true }).catch((error: unknown) => {
      if (context.signal.aborted) return undefined;
      throw error;
    });
    for (const pod of [...(snapshot?.current ?? []), ...(snapshot?.old ?? [])]) {
      const { name, restarts } = replicaStatus(pod);
      const container = `${name}#${String(restarts)}`;
      if (followed.has(container)) continue;
      followed.set(
        container,
        exec(context, kubectlLogs(scope, name, { follow }), { onLine: write(name) }).then(
          () => undefined,
          (error: unknown) => {
            // Not started yet: to be tried again.
            if (error instanceof CommandFailed) followed.delete(container);
            else if (!context.signal.aborted) throw error;
          },
        ),
      );
    }
    if (!follow) break;
    await sleep(lookAgain, undefined, { signal: context.signal }).catch(() => undefined);
  }
  await Promise.all(followed.values());
}
