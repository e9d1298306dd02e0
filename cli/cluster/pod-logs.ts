import { setTimeout as sleep } from 'node:timers/promises';
import type { LogOptions } from '../log-options.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { plainLog } from '../terminal/log-format.ts';
import { kubectlLogs, type Scope } from '../tools/kubectl.ts';
import { nothingDeployed } from './nothing-deployed.ts';
import { readSnapshot, replicaStatus } from './snapshot.ts';

/** How often to look for new replicas and restarted containers. */
const pollMilliseconds = 2000;

/**
 * Writes every replica's log lines. `kubectl logs --follow` ends with its container; this continues
 * with restarted containers and new replicas, from their first line.
 *
 * @param target the target's name, for messages
 * @throws {Failure} if the Deployment does not exist, unless the logs are followed
 */
export async function followLogs(
  context: ExecContext,
  scope: Scope,
  { deployment, target }: { readonly deployment: string; readonly target: string },
  { follow, tail, replica, format = plainLog, output = process.stdout }: Omit<LogOptions, 'signal'>,
): Promise<void> {
  const interrupted = (): boolean => context.signal.aborted;
  const followed = new Map<string, Promise<void>>();
  const write =
    (pod: string) =>
    (line: string): void => {
      output.write(`${format(pod, line)}\n`);
    };

  for (let polls = 0; !interrupted(); polls++) {
    const snapshot = await readSnapshot(context, scope, deployment, { quiet: true }).catch((error: unknown) => {
      if (interrupted()) return undefined;
      throw error;
    });
    if (snapshot === undefined && !interrupted()) {
      const empty = nothingDeployed(target);
      if (!follow) throw empty;
      if (polls === 0) context.report.line(`${empty.message} Waiting for replicas.`);
    }
    const options = { follow, ...(polls === 0 && tail !== undefined && { tail }) };
    for (const pod of [...(snapshot?.current ?? []), ...(snapshot?.old ?? [])]) {
      const { name, restarts } = replicaStatus(pod);
      if (replica !== undefined && replica !== name) continue;
      const container = `${name}#${String(restarts)}`;
      if (followed.has(container)) continue;
      followed.set(
        container,
        exec(context, kubectlLogs(scope, name, options), { onLine: write(name) }).then(
          () => undefined,
          (error: unknown) => {
            // The container has not started yet: the next poll tries again.
            if (error instanceof CommandFailed) followed.delete(container);
            else if (!interrupted()) throw error;
          },
        ),
      );
    }
    if (!follow) break;
    await sleep(pollMilliseconds, undefined, { signal: context.signal }).catch(() => undefined);
  }
  await Promise.all(followed.values());
}
