import { setTimeout as sleep } from 'node:timers/promises';
import { isReady } from '../cluster/snapshot.ts';
import type { Pod } from '../kubernetes.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { kubectlWatchPods } from '../tools/kubectl-disrupt.ts';
import type { ChaosReplica, ReplicaWatch } from './replicas.ts';

interface WatchEvent {
  readonly type: string;
  readonly object: Pod;
}

/** Updates the watch from `kubectl get pods --watch`, until the signal aborts. */
export function followPods(context: ExecContext, scope: Scope, selector: string, watch: ReplicaWatch): void {
  const follow = async (): Promise<void> => {
    while (!context.signal.aborted) {
      const pods = new Map<string, ChaosReplica>();
      // The API server ends a watch now and then. A new one begins with the current state of all pods.
      await exec(context, kubectlWatchPods(scope, selector), {
        quiet: true,
        onLine(line) {
          const event = parse(line);
          if (event?.object.kind !== 'Pod') return;
          const replica = toReplica(event.object);
          if (event.type === 'DELETED') pods.delete(replica.name);
          else pods.set(replica.name, replica);
          watch.update([...pods.values()]);
        },
      });
      await sleep(200, undefined, { signal: context.signal }).catch(() => undefined);
    }
  };
  void follow().catch((error: unknown) => {
    if (!context.signal.aborted) watch.fail(error);
  });
}

/** Parses a line of kubectl: an event, or a warning in between, for which it returns undefined. */
function parse(line: string): WatchEvent | undefined {
  return line.startsWith('{"type":') ? (JSON.parse(line) as WatchEvent) : undefined;
}

export function toReplica(pod: Pod): ChaosReplica {
  const { metadata, spec, status } = pod;
  const container = status.containerStatuses?.[0];
  const reason =
    container?.state?.waiting?.reason ??
    container?.state?.terminated?.reason ??
    container?.lastState?.terminated?.reason;
  return {
    name: metadata.name,
    ready: isReady(pod),
    leaving: metadata.deletionTimestamp !== undefined || status.phase === 'Failed' || status.phase === 'Succeeded',
    restarts: container?.restartCount ?? 0,
    ...(reason !== undefined && { reason }),
    ...(container?.containerID !== undefined && { process: container.containerID.replace(/^\w+:\/\//, '') }),
    ...(spec.nodeName !== undefined && { node: spec.nodeName }),
  };
}
