import { exec } from '../../tools/exec.ts';
import { kubectlRestart } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { waitForRollout } from '../../steps/wait.ts';
import { quietly, type ChaosEvent } from '../experiment.ts';
import type { Stage } from '../chaos-context.ts';

/** Every replica is replaced, one after the other, as by a new version. */
export const rollout: ChaosEvent = {
  name: 'rollout',
  title: 'replace every replica by a rolling update',
  promised: 'lossless',
  skip: ({ cluster }) =>
    cluster === undefined ? 'on this machine `up` stops all replicas and starts new ones' : undefined,
  async run(stage) {
    const struckAt = Date.now();
    return { struckAt, backAt: await replaceAll(stage), seen: 'all replaced' };
  },
};

/** @returns the clock time, in milliseconds, at which none but new replicas were left, all ready */
export async function replaceAll({ context, cluster, watch, wanted }: Stage): Promise<number> {
  if (cluster === undefined) throw new Failure('There is no Deployment.');
  const { scope, manifests } = cluster;
  const before = new Set(watch.replicas.map(({ name }) => name));
  await exec(context, kubectlRestart(scope, manifests.deployment));
  await waitForRollout(quietly(context), scope.context, manifests);
  return watch.until(
    'The old replicas are not gone',
    120,
    (replicas) => replicas.length === wanted && replicas.every(({ name, ready }) => ready && !before.has(name)),
  );
}
