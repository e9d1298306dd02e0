import { exec } from '../../tools/exec.ts';
import { kubectlSetImage, kubectlUndo } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { RolloutFailed } from '../../cluster/rollout.ts';
import { waitForRollout } from '../../steps/wait.ts';
import { withoutProgress, type Experiment } from '../experiment.ts';

/** A name that no registry can have (RFC 2606 reserves `.invalid`). */
const missing = 'rhizome.invalid/no-such-image:v0';

/** Rolls out a version that cannot start. The old replicas keep serving, and the rollout reports the cause. */
export const badImage: Experiment = {
  name: 'bad-image',
  title: 'roll out an image that does not exist, then roll back',
  expectedImpact: 'no failures',
  skip: ({ cluster }) => (cluster === undefined ? 'local replicas have no image' : undefined),
  async run({ context, cluster, watch, wanted }, undo) {
    if (cluster === undefined) throw new Failure('There is no Deployment to update.');
    const { scope, manifests } = cluster;
    const before = new Set(watch.replicas.map(({ name }) => name));
    const rollBack = undo((uninterrupted) => exec(uninterrupted, kubectlUndo(scope, manifests.deployment)));
    const disruptedAt = Date.now();
    await exec(context, kubectlSetImage(scope, manifests.deployment, manifests.container, missing));
    const cause = await failureOf(waitForRollout(withoutProgress(context), scope.context, manifests));
    const reportedAt = Date.now();
    const seconds = ((reportedAt - disruptedAt) / 1000).toFixed(0);
    await rollBack();
    const recoveredAt = await watch.until(
      'The failed replica was not removed',
      120,
      (replicas) => replicas.length === wanted && replicas.every(({ name, ready }) => ready && before.has(name)),
    );
    return {
      disruptedAt,
      recoveredAt,
      observed: `${cause.reason} reported after ${seconds} s; the old replicas stayed`,
    };
  },
};

/**
 * Returns the failure of a rollout.
 * @throws {Failure} if the rollout succeeds
 */
async function failureOf(rollout: Promise<unknown>): Promise<RolloutFailed> {
  try {
    await rollout;
  } catch (error) {
    if (error instanceof RolloutFailed) return error;
    throw error;
  }
  throw new Failure(`A rollout of ${missing} succeeded.`);
}
