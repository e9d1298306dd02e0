import { exec } from '../../tools/exec.ts';
import { kubectlSetImage, kubectlUndo } from '../../tools/kubectl-disrupt.ts';
import { Failure } from '../../failure.ts';
import { RolloutFailed } from '../../cluster/rollout.ts';
import { waitForRollout } from '../../steps/wait.ts';
import { quietly, type ChaosEvent } from '../experiment.ts';

/** A name that no registry can have (RFC 2606 reserves `.invalid`). */
const missing = 'rhizome.invalid/no-such-image:v0';

/** A version that cannot start: the old replicas serve on, and the cause is told. */
export const badImage: ChaosEvent = {
  name: 'bad-image',
  title: 'roll out an image that does not exist, then go back',
  promised: 'lossless',
  skip: ({ cluster }) => (cluster === undefined ? 'replicas on this machine have no image' : undefined),
  async run({ context, cluster, watch, wanted }, undo) {
    if (cluster === undefined) throw new Failure('There is no Deployment.');
    const { scope, manifests } = cluster;
    const before = new Set(watch.replicas.map(({ name }) => name));
    const goBack = undo((calm) => exec(calm, kubectlUndo(scope, manifests.deployment)));
    const struckAt = Date.now();
    await exec(context, kubectlSetImage(scope, manifests.deployment, manifests.container, missing));
    const cause = await failureOf(waitForRollout(quietly(context), scope.context, manifests));
    const told = Date.now();
    await goBack();
    const backAt = await watch.until(
      'The failed replica is not gone',
      120,
      (replicas) => replicas.length === wanted && replicas.every(({ name, ready }) => ready && before.has(name)),
    );
    return {
      struckAt,
      backAt,
      seen: `${cause.reason} told after ${((told - struckAt) / 1000).toFixed(0)} s; the old replicas stayed`,
    };
  },
};

/** @throws Failure where the rollout went well, and what else went wrong */
async function failureOf(rollout: Promise<unknown>): Promise<RolloutFailed> {
  try {
    await rollout;
  } catch (error) {
    if (error instanceof RolloutFailed) return error;
    throw error;
  }
  throw new Failure(`A rollout of ${missing} went well.`);
}
