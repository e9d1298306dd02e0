import type { DeploymentStatus } from '../deployment-status.ts';
import { observe } from '../steps/watch-status.ts';
import { isCluster } from '../targets/find.ts';
import type { Target } from '../targets/target.ts';
import type { ExecContext } from '../tools/exec.ts';
import { changes } from './changes.ts';
import type { Feed } from './feed.ts';

/** Milliseconds. The local runtime's state is a file; a cluster's is the output of a kubectl process. */
const pauses = { local: 200, cluster: 1000 };

/** Shows the replicas, and what happens to them, until the signal aborts. */
export async function observeReplicas(context: ExecContext, target: Target, feed: Feed): Promise<void> {
  let before: DeploymentStatus | undefined;
  const pause = isCluster(target) ? pauses.cluster : pauses.local;
  for await (const observation of observe(context, target, { pause, memory: true })) {
    feed.status(observation);
    if (typeof observation === 'string') continue;
    if (before !== undefined) {
      const at = Date.now();
      feed.events(changes(before, observation).map((change) => ({ at, ...change })));
    }
    before = observation;
  }
}
