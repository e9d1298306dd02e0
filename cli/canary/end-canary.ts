import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CanaryStage } from '../../infra/rollouts/stage.ts';
import { readApplied, saveApplied } from '../cluster/applied.ts';
import { prune } from '../cluster/prune.ts';
import { RolloutFailed } from '../cluster/rollout.ts';
import { Failure } from '../failure.ts';
import type { Deployment } from '../kubernetes.ts';
import { manifestsFile } from '../project/environment.ts';
import { canaryOf, currentManifests, privateCharts, readManifests, type Manifests } from '../project/manifests.ts';
import { synth } from '../project/synth.ts';
import { apply } from '../steps/apply.ts';
import { waitForRollout } from '../steps/wait.ts';
import type { Cluster } from '../targets/cluster.ts';
import type { Steps } from '../terminal/steps.ts';
import type { ExecContext } from '../tools/exec.ts';
import { changesOf } from './admission.ts';
import { keepApplied } from './keep-applied.ts';

/**
 * The folder to synthesize to. Until the canary has ended, `privateCharts` has the manifests with it, so that a command
 * that failed can be repeated.
 */
const charts = '.rhizome/canary';

/**
 * Checks that the canary on the cluster is the one in infra/, to which `promote` rolls the service over.
 *
 * @param live the canary's Deployment on the cluster
 * @throws {Failure} if it is not: other pods have been compared with the service than would replace it
 */
export async function checkUnchanged(context: ExecContext, cluster: Cluster, live: Deployment): Promise<void> {
  const manifests = await synthesize(context, cluster);
  if (canaryOf(manifests) === undefined)
    throw new Failure('infra/ no longer describes the canary.', {
      hint: 'To promote it, restore `rollout.canary`. To apply infra/ as it is and delete the canary: rhizome up',
    });
  const changes = await changesOf(context, cluster.context, manifests, live);
  if (changes === undefined) return;
  throw new Failure(
    'infra/ describes another canary than the one that runs: the service would get pods that nothing has tried.',
    {
      details: changes,
      hint: 'Run `rhizome up`, which compares the new canary with the service. Then promote it.',
    },
  );
}

/**
 * Promotes a canary or removes it: applies the manifests without it, waits for the replicas, and deletes the canary.
 * Its pods lose their requests with the apply, before they end, so no request fails. Promoting applies what infra/
 * says. Removing applies nothing else that has changed there since `up`.
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
  const manifests = await run('Synthesize the manifests', async () => {
    const synthesized = await synthesize(context, cluster, stage);
    if (stage === 'promote') return synthesized;
    if (!(await keepApplied(root, currentManifests(root, environment), synthesized))) return synthesized;
    context.report.line('infra/ has other changes since the last `rhizome up`. They are not applied.');
    return readManifests(root, charts, environment);
  });
  await run('Apply the manifests', async () => {
    await apply(context, cluster.context, manifests);
    const { [cluster.name]: applied } = await readApplied(root);
    if (applied !== undefined) await saveApplied(root, cluster.name, { ...applied, image: manifests.image });
  });
  await run('Wait for the replicas', async (skip) => {
    skip(
      await waitForRollout(context, cluster.context, manifests).catch((error: unknown) => {
        throw error instanceof RolloutFailed ? unfinished(error, stage) : error;
      }),
    );
  });
  await run('Delete the canary', async () => {
    for (const what of await prune(context, cluster.context, manifests, [])) context.report.line(`deleted ${what}`);
  });
  await mkdir(join(root, privateCharts), { recursive: true });
  await copyFile(join(root, manifests.file), join(root, privateCharts, manifestsFile(environment)));
  return manifests;
}

async function synthesize(context: ExecContext, cluster: Cluster, stage?: CanaryStage): Promise<Manifests> {
  const { environment } = cluster;
  const { image } = currentManifests(context.root, environment);
  await synth(context, { outdir: charts, image, environment, ...(stage && { canary: stage }) });
  return readManifests(context.root, charts, environment);
}

/** Returns the failure of a rollout with what to do while there is still a canary. */
const unfinished = ({ reason, message, details }: RolloutFailed, stage: CanaryStage): RolloutFailed =>
  new RolloutFailed(reason, message, {
    details,
    hint:
      stage === 'promote'
        ? 'The canary still exists. To return the service to what it had and delete the canary: rhizome rollback. ' +
          'To try again: rhizome promote'
        : 'The canary still exists, but gets no requests. Fix the cause, and delete it: rhizome rollback',
  });
