import { allReplicas, describeReason, type DeploymentStatus, type ReplicaStatus } from '../deployment-status.ts';
import type { BoardEvent } from './messages.ts';

type Change = Pick<BoardEvent, 'kind' | 'text' | 'replica'>;

/** Returns what happened to the replicas between two statuses. */
export function changes(before: DeploymentStatus, after: DeploymentStatus): readonly Change[] {
  const [old, now] = [allReplicas(before), allReplicas(after)];
  const gone = old.filter(({ name }) => now.every((replica) => replica.name !== name));
  return [
    ...now.flatMap((replica) => {
      const change = changeOf(
        old.find(({ name }) => name === replica.name),
        replica,
      );
      return change === undefined ? [] : [{ ...change, replica: replica.name }];
    }),
    ...gone.map(({ name }) => ({ kind: 'note', text: 'is gone', replica: name }) as const),
  ];
}

function changeOf(before: ReplicaStatus | undefined, now: ReplicaStatus): Omit<Change, 'replica'> | undefined {
  const why = describeReason(now);
  const because = why === undefined ? '' : `: ${why}`;
  if (before === undefined) return { kind: 'note', text: now.ready ? 'is new, and ready' : `is new${because}` };
  if (now.ready && !before.ready)
    return { kind: 'good', text: now.restarts > before.restarts ? 'restarted, and is ready again' : 'is ready' };
  if (!now.ready && before.ready) return { kind: 'bad', text: `is not ready${because}` };
  if (now.restarts > before.restarts) return { kind: 'note', text: 'was restarted' };
  if (!now.ready && why !== describeReason(before) && why !== undefined) return { kind: 'note', text: why };
  return undefined;
}
