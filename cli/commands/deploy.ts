import { admitCanary, holdCanary } from '../canary/introduce-canary.ts';
import { Failure } from '../failure.ts';
import { build } from '../images/build.ts';
import { fullName } from '../images/archive.ts';
import { tagByContent } from '../images/content-tag.ts';
import { nameInRegistry, push } from '../images/push.ts';
import { recordTags } from '../images/tags.ts';
import { ofVariant, privateCharts, readManifests, type Manifests } from '../project/manifests.ts';
import { defaultEnvironment } from '../project/environment.ts';
import { synth } from '../project/synth.ts';
import { apply, isApplied } from '../steps/apply.ts';
import { checkClusterVersion } from '../steps/check-version.ts';
import { verifyHere } from '../steps/verify-here.ts';
import { waitForRollout } from '../steps/wait.ts';
import { freeNodePort, prune } from '../cluster/prune.ts';
import { isSameInstallation, readApplied, saveApplied, type Applied, type Installation } from '../cluster/applied.ts';
import type { Cluster } from '../targets/cluster.ts';
import type { Steps } from '../terminal/steps.ts';
import type { ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, type ExecContext } from '../tools/exec.ts';
import type { UpOptions } from './up-options.ts';
import { upSteps, waitForVariant } from './up-steps.ts';

/** What `up` deploys to a cluster that exists. */
export interface Deployment {
  readonly cluster: Cluster;
  readonly engine: ContainerEngine;
  readonly options: UpOptions;
  /** An image that the nodes can pull, instead of one that is built from the project. */
  readonly given: string | undefined;
  /** The image to build, with its tag. @default that of the environment `local` */
  readonly tag: string | undefined;
}

/** What runs on the cluster. */
export interface Deployed {
  readonly image: string;
  readonly manifests: Manifests;
}

/** Builds, loads and applies what the project contains now, and waits for the replicas. */
export async function deploy(
  context: ExecContext,
  run: Steps['run'],
  { cluster, engine, options, given, tag }: Deployment,
): Promise<Deployed> {
  const { root } = context;
  const { registry, env: environment = defaultEnvironment } = options;
  const before: Applied = (await readApplied(root))[cluster.name] ?? { installations: [] };
  const built =
    given !== undefined
      ? undefined
      : await run(upSteps.build, async (skip) => {
          const { image } = await build(context, engine, { ...options, ...(tag !== undefined && { tag }) });
          const tagged = await tagByContent(context, engine, image);
          await recordTags(root, cluster.name, tagged, ...namesFor(tagged, { engine, registry, loads: cluster.loads }));
          if (tagged === before.built) skip(`unchanged, ${tagged} is applied`);
          return tagged;
        });
  const pushed =
    built === undefined || registry === undefined
      ? undefined
      : await run(upSteps.push, async (skip) => {
          const { reference, skipped } = await push(context, engine, registry, built);
          skip(skipped);
          return reference;
        });
  const image = given ?? pushed ?? built ?? '';
  const wanted = await run(upSteps.synthesize, async () => {
    await synth(context, { outdir: privateCharts, image, environment });
    const synthesized = readManifests(root, privateCharts, environment);
    if (environment !== defaultEnvironment) checkImage(synthesized, environment, image);
    await checkClusterVersion(context, cluster.context, synthesized);
    return synthesized;
  });
  const applied = { image, engine, environment, ...(built !== undefined && { built }) };
  const { namespace, deployment } = wanted;
  const installation: Installation = { namespace, deployment, environment };
  // Those of other environments stay: they may run next to this one.
  const isFormer = (other: Installation): boolean => (other.environment ?? defaultEnvironment) === environment;
  const former = before.installations.filter(isFormer);
  const others = before.installations.filter((other) => !isFormer(other) && !isSameInstallation(other, installation));
  if (built !== undefined && pushed === undefined)
    await run(upSteps.load, async (skip) => {
      skip(await cluster.load(built));
    });
  const first = await run(upSteps.apply, async (skip) => {
    if (before.image === image && (await isApplied(context, cluster.context, wanted))) {
      skip('the cluster already has them');
      return wanted;
    }
    const manifests = await holdCanary(context, cluster, wanted, { image, environment });
    // Recorded first, so that `down` finds what a failed apply has created.
    const installations = [
      installation,
      ...former.filter((other) => !isSameInstallation(other, installation)),
      ...others,
    ];
    await saveApplied(root, cluster.name, { ...before, engine, environment, installations });
    await freeNodePort(context, cluster.context, manifests, former);
    await apply(context, cluster.context, manifests);
    await saveApplied(root, cluster.name, { ...applied, installations });
    return manifests;
  });
  await run(upSteps.wait, async (skip) => {
    skip(await waitForRollout(context, cluster.context, first));
  });
  for (const variant of first.variants)
    await run(waitForVariant(variant), async (skip) => {
      skip(await waitForRollout(context, cluster.context, ofVariant(first, variant)));
    });
  const manifests =
    first === wanted
      ? wanted
      : await admitCanary(context, run, cluster, first, { image, environment, maxChange: options.maxChange ?? 0 });
  await run(upSteps.prune, async (skip) => {
    const pruned = await prune(context, cluster.context, manifests, former).catch((error: unknown) => {
      if (!(error instanceof CommandFailed)) throw error;
      return error;
    });
    if (pruned instanceof CommandFailed) {
      // Permission to apply doesn't imply permission to list every kind. The models run all the same.
      skip(`kubectl failed: ${pruned.details.at(-1) ?? pruned.message}`);
      return;
    }
    for (const what of pruned) context.report.line(`deleted ${what}`);
    if (pruned.length === 0) skip('nothing to delete');
    await saveApplied(root, cluster.name, { ...applied, installations: [installation, ...others] });
  });
  return { image, manifests };
}

/** Verifies the models on this machine, unless they are in an image that exists, or it was turned off. */
export async function verifyFirst(
  context: ExecContext,
  run: Steps['run'],
  { given, options }: Deployment,
): Promise<void> {
  if (given === undefined && options.verify !== false) await run(upSteps.verify, (skip) => verifyHere(context, skip));
}

/** Returns the other tags that an image gets: to push it, or to save it with podman. */
function namesFor(
  tag: string,
  { engine, registry, loads }: { engine: ContainerEngine; registry: string | undefined; loads: boolean },
): readonly string[] {
  if (registry !== undefined) return [nameInRegistry(registry, tag)];
  return engine === 'podman' && loads ? [fullName(tag)] : [];
}

/** @throws {Failure} if the project's program did not set the image, as `synthesize` of rhizome-kit/infra does */
function checkImage({ image }: Manifests, environment: string, wanted: string): void {
  // With the digest of an image that was pushed.
  if (image === wanted || image.startsWith(`${wanted}@`)) return;
  throw new Failure(`The environment ${environment} has the image ${image} instead of ${wanted}.`, {
    hint:
      'Call `synthesize` of rhizome-kit/infra in infra/main.ts: it gives the image in RHIZOME_IMAGE to the ' +
      'environment in RHIZOME_ENVIRONMENT.',
  });
}
