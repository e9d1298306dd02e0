import { exec } from '../../tools/exec.ts';
import { kubectlRestart } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { waitForRollout } from '../../steps/wait.ts';
import { quietly, type ChaosEvent } from '../event.ts';

/** Every replica is replaced, one after the other, as by a new version. */
export const rollout: ChaosEvent = {
  name: 'rollout',
  title: 'replace every replica by a rolling update',
  promised: 'lossless',
  skip: ({ cluster }) => (cluster === undefined ? 'on this machine `up` stops all replicas and starts new ones' : undefined),
  async run({ context, cluster, watch, wanted }) {
    if (cluster === undefined) throw new Failure('There is no Deployment.');
    const { scope, manifests } = cluster;
    const before = new Set(watch.replicas.map(({ name }) => name));
    const struckAt = Date.now();
    await exec(context, kubectlRestart(scope, manifests.deployment));
    await waitForRollout(quietly(context), scope.context, manifests);
    const backAt = await watch.until('The old replicas are not gone', 120, (replicas) =>
      replicas.length === wanted && replicas.every(({ name, ready }) => ready && !before.has(name)));
    return { struckAt, backAt, seen: 'all replaced' };
  },
};
