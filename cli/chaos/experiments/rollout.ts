import { exec } from '../../tools/exec.ts';
import { kubectlRestart } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { waitForRollout } from '../../steps/wait.ts';
import { withoutProgress, type Experiment } from '../experiment.ts';
import type { ChaosContext } from '../chaos-context.ts';

/** Replaces every replica, one after the other, as a new version would. */
export const rollout: Experiment = {
  name: 'rollout',
  title: 'replace every replica in a rolling update',
  expectedImpact: 'no failures',
  skip: ({ cluster }) => (cluster === undefined ? 'the local runtime has no rolling updates' : undefined),
  async run(chaos) {
    const disruptedAt = Date.now();
    return { disruptedAt, recoveredAt: await replaceAll(chaos), observed: 'all replaced' };
  },
};

/** Restarts the rollout. @returns when only new replicas were left, all ready, as clock time in milliseconds */
export async function replaceAll({ context, cluster, watch, wanted }: ChaosContext): Promise<number> {
  if (cluster === undefined) throw new Failure('There is no Deployment to restart.');
  const { scope, manifests } = cluster;
  const before = new Set(watch.replicas.map(({ name }) => name));
  await exec(context, kubectlRestart(scope, manifests.deployment));
  await waitForRollout(withoutProgress(context), scope.context, manifests);
  return watch.until(
    'The old replicas were not removed',
    120,
    (replicas) => replicas.length === wanted && replicas.every(({ name, ready }) => ready && !before.has(name)),
  );
}
