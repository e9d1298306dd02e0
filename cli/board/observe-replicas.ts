import { allReplicas, type DeploymentStatus, type ReplicaStatus } from '../deployment-status.ts';
import { observe } from '../steps/watch-status.ts';
import { isCluster } from '../targets/find.ts';
import type { Target } from '../targets/target.ts';
import type { ExecContext } from '../tools/exec.ts';
import { changes } from './changes.ts';
import type { Feed } from './feed.ts';
import { observeTraffic } from './traffic/observe-traffic.ts';

/** Milliseconds. The local runtime's state is a file; a cluster's is the output of a kubectl process. */
const pauses = { local: { status: 200, traffic: 1000 }, cluster: { status: 1000, traffic: 2000 } };

/** Shows the replicas, what happens to them, and what they serve, until the signal aborts. */
export async function observeReplicas(context: ExecContext, target: Target, feed: Feed): Promise<void> {
  let before: DeploymentStatus | undefined;
  let memory: ReadonlyMap<string, number> = new Map();
  const pause = isCluster(target) ? pauses.cluster : pauses.local;
  const observeStatus = async (): Promise<void> => {
    for await (const observation of observe(context, target, { pause: pause.status })) {
      feed.status(typeof observation === 'string' ? observation : withMemory(observation, memory));
      if (typeof observation === 'string') continue;
      if (before !== undefined) {
        const at = Date.now();
        feed.events(changes(before, observation).map((change) => ({ at, ...change })));
      }
      before = observation;
    }
  };
  await Promise.all([
    observeStatus(),
    observeTraffic(target, {
      pause: pause.traffic,
      replicas: () => (before === undefined ? [] : allReplicas(before)),
      show: (traffic, used) => {
        memory = used;
        if (traffic !== undefined) feed.served(traffic);
      },
      signal: context.signal,
    }),
    target.events(context.signal, ({ warning, ...event }) => {
      feed.events([{ at: Date.now(), kind: warning ? 'warning' : 'note', ...event }]);
    }),
  ]);
}

function withMemory(status: DeploymentStatus, memory: ReadonlyMap<string, number>): DeploymentStatus {
  const add = (replica: ReplicaStatus): ReplicaStatus => {
    const memoryBytes = memory.get(replica.name);
    return memoryBytes === undefined ? replica : { ...replica, memoryBytes };
  };
  const { canary } = status;
  return {
    ...status,
    replicas: status.replicas.map(add),
    ...(canary !== undefined && { canary: { ...canary, replicas: canary.replicas.map(add) } }),
  };
}
