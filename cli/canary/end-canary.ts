import type { CanaryStage } from '../../infra/rollouts/stage.ts';
import { readApplied, saveApplied } from '../cluster/applied.ts';
import { prune } from '../cluster/prune.ts';
import { currentManifests, privateCharts, readManifests, type Manifests } from '../project/manifests.ts';
import { synth } from '../project/synth.ts';
import { apply } from '../steps/apply.ts';
import { waitForRollout } from '../steps/wait.ts';
import type { Cluster } from '../targets/cluster.ts';
import type { Steps } from '../terminal/steps.ts';
import type { ExecContext } from '../tools/exec.ts';

/**
 * Promotes a canary or removes it: applies what infra/ says at this stage, waits for the replicas, and deletes the
 * canary. Its pods lose their requests with the apply, before they end, so no request fails.
 *
 * @returns what runs then
 */
export async function endCanary(
  context: ExecContext,
  run: Steps['run'],
  cluster: Cluster,
  stage: Exclude<CanaryStage, 'hold'>,
): Promise<Manifests> {
  const { root } = context;
  const { environment } = cluster;
  const { image } = currentManifests(root, environment);
  const manifests = await run('Synthesize the manifests', async () => {
    await synth(context, { outdir: privateCharts, image, environment, canary: stage });
    return readManifests(root, privateCharts, environment);
  });
  await run('Apply the manifests', async () => {
    await apply(context, cluster.context, manifests);
    const { [cluster.name]: applied } = await readApplied(root);
    if (applied !== undefined) await saveApplied(root, cluster.name, { ...applied, image: manifests.image });
  });
  await run('Wait for the replicas', async (skip) => {
    skip(await waitForRollout(context, cluster.context, manifests));
  });
  await run('Delete the canary', async () => {
    for (const what of await prune(context, cluster.context, manifests, [])) context.report.line(`deleted ${what}`);
  });
  return manifests;
}
