import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { privateCharts, readManifests, type Manifests } from '../project/manifests.ts';
import { apply, isApplied } from '../steps/apply.ts';
import { build } from '../images/build.ts';
import { tagByContent } from '../images/content-tag.ts';
import { recordTags } from '../images/tags.ts';
import { fullName } from '../images/archive.ts';
import { verifyModels, type ModelsVerification } from '../ask/verify-models.ts';
import { nameInRegistry, push } from '../images/push.ts';
import { preflight } from '../steps/preflight.ts';
import { withoutCommands } from '../terminal/reporter.ts';
import { createSteps } from '../terminal/steps.ts';
import { createStyle } from '../terminal/style.ts';
import { synth } from '../project/synth.ts';
import { verifyHere } from '../steps/verify-here.ts';
import { waitForRollout } from '../steps/wait.ts';
import { watch } from '../steps/watch-status.ts';
import type { Cluster } from '../targets/cluster.ts';
import { openForward } from '../cluster/port-forward.ts';
import { freeNodePort, prune } from '../cluster/prune.ts';
import {
  forgetApplied,
  saveApplied,
  readApplied,
  isSameInstallation,
  type Applied,
  type Installation,
} from '../cluster/applied.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { kubectlForward } from '../tools/kubectl.ts';
import { CommandFailed } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import { address, modelLines, screenWidth, summaryOf, tryLines } from './first-screen.ts';
import { defaultPort, type CommandContext } from './options.ts';
import type { UpOptions } from './up-options.ts';

/** Runs the models on Kubernetes. A step that has nothing to do is skipped, and says why. */
export async function upOnCluster(context: CommandContext, cluster: Cluster, options: UpOptions): Promise<void> {
  const { root } = context;
  const { run, times } = createSteps(context.report);
  const engine = chooseContainerEngine(options.engine);
  const { image: given, registry } = options;
  // Reports wrong usage before anything is done.
  if (registry !== undefined) nameInRegistry(registry, 'image');

  await run('Check the tools', async () => {
    await preflight(context, cluster.checks);
    if (given === undefined) await checkContainerEngine(context, engine);
  });
  if (given === undefined && options.verify !== false)
    await run('Verify the models', (skip) => verifyHere(context, skip));
  await run('Find or create the cluster', async (skip) => {
    const there = await ensureRecorded(context, cluster, engine);
    skip(there);
    if (given === undefined && registry === undefined && !cluster.loads) {
      throw new Failure(`Rhizome cannot load a local image into the nodes of ${cluster.name}.`, {
        hint:
          'Name a registry that you may push to and the nodes can pull from: ' +
          `rhizome up --on ${cluster.name} --registry REGISTRY. ` +
          'Or an image that is there already: --image REGISTRY/NAME:TAG',
      });
    }
  });
  const before: Applied = (await readApplied(root))[cluster.name] ?? { installations: [] };
  const built =
    given !== undefined
      ? undefined
      : await run('Build the image', async (skip) => {
          const tag = await tagByContent(context, engine, (await build(context, engine, options)).image);
          await recordTags(root, cluster.name, tag, ...namesFor(tag, { engine, registry, loads: cluster.loads }));
          if (tag === before.built) skip(`unchanged, ${tag} is applied`);
          return tag;
        });
  const pushed =
    built === undefined || registry === undefined
      ? undefined
      : await run('Push the image', async (skip) => {
          const { reference, skipped } = await push(context, engine, registry, built);
          skip(skipped);
          return reference;
        });
  const image = given ?? pushed ?? built ?? '';
  const manifests = await run('Synthesize the manifests', async () => {
    await synth(context, { outdir: privateCharts, image });
    return readManifests(root, privateCharts);
  });
  const applied = { image, engine, ...(built !== undefined && { built }) };
  const installation: Installation = { namespace: manifests.namespace, deployment: manifests.deployment };
  if (built !== undefined && pushed === undefined)
    await run('Load the image', async (skip) => {
      skip(await cluster.load(built));
    });
  await run('Apply the manifests', async (skip) => {
    if (before.image === image && (await isApplied(context, cluster.context, manifests))) {
      skip('the cluster already has them');
      return;
    }
    // Recorded first, so that `down` finds what a failed apply has created.
    const installations = [
      installation,
      ...before.installations.filter((other) => !isSameInstallation(other, installation)),
    ];
    await saveApplied(root, cluster.name, { ...before, engine, installations });
    await freeNodePort(context, cluster.context, manifests, before.installations);
    await apply(context, cluster.context, manifests);
    await saveApplied(root, cluster.name, { ...applied, installations });
  });
  await run('Wait for the replicas', async (skip) => {
    skip(await waitForRollout(context, cluster.context, manifests));
  });
  await run('Delete what the manifests no longer have', async (skip) => {
    const pruned = await prune(context, cluster.context, manifests, before.installations).catch((error: unknown) => {
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
    await saveApplied(root, cluster.name, { ...applied, installations: [installation] });
  });

  // kind maps a port of this machine to the Service. Elsewhere kubectl forwards one, while this command runs.
  const mapped = cluster.mapsPort ? await cluster.url() : undefined;
  const forward =
    mapped === undefined
      ? await run('Forward a port', () =>
          openForward(context, cluster.context, manifests, options.port ?? (options.detach === true ? 0 : defaultPort)),
        )
      : undefined;
  const url = mapped ?? forward?.url ?? '';
  try {
    const asking = options.verbose === true ? context : { ...context, report: withoutCommands(context.report) };
    const verification = await run('Predict', (skip) => verifyModels(asking, url, skip));
    // With --detach, a forwarded port was only for the prediction.
    const lasts = forward === undefined || options.detach !== true;
    if (options.json === true)
      context.print(
        toJson({
          target: cluster.name,
          ...(lasts && { url }),
          image,
          ...summaryOf(verification),
          steps: times,
        }),
      );
    else context.print(nextSteps(cluster, manifests, verification, lasts ? url : undefined));
    if (options.detach === true) return;
    context.report.line('Watching the replicas. Ctrl-C ends this command; the replicas keep running.');
    await watch(context, cluster, (line) => {
      context.report.line(line);
    });
  } finally {
    await forward?.close();
  }
}

/** Returns the other tags that an image gets: to push it, or to save it with podman. */
function namesFor(
  tag: string,
  { engine, registry, loads }: { engine: ContainerEngine; registry: string | undefined; loads: boolean },
): readonly string[] {
  if (registry !== undefined) return [nameInRegistry(registry, tag)];
  return engine === 'podman' && loads ? [fullName(tag)] : [];
}

/**
 * Creates the cluster, or checks that it runs. What is going to be created is recorded first: a later `down` must know
 * of it, even if kind or Docker cannot be asked then.
 */
async function ensureRecorded(
  { root }: CommandContext,
  cluster: Cluster,
  engine: ContainerEngine,
): Promise<string | undefined> {
  const recorded = (await readApplied(root))[cluster.name] !== undefined;
  if (cluster.isOwn && !recorded) await saveApplied(root, cluster.name, { engine, installations: [] });
  try {
    const there = await cluster.ensure();
    // A new cluster has nothing of what an earlier one had.
    if (there === undefined) await saveApplied(root, cluster.name, { engine, installations: [] });
    return there;
  } catch (error) {
    if (cluster.isOwn && !recorded) await forgetApplied(root, cluster.name);
    throw error;
  }
}

/** @param url of the Service; undefined if no port of this machine leads there */
function nextSteps(
  cluster: Cluster,
  manifests: Manifests,
  verification: ModelsVerification,
  url: string | undefined,
): string {
  const scope = { context: cluster.context, namespace: manifests.namespace };
  const style = createStyle(process.stdout);
  const width = screenWidth();
  const lines =
    url === undefined
      ? [`  ${quote(kubectlForward(scope, manifests.service.name, defaultPort, manifests.service.port))}`]
      : tryLines(url, verification, width);
  return [
    '',
    url === undefined ? `The models are running on ${cluster.name}.` : address(url, undefined, style),
    ...modelLines(verification, style, width),
    '',
    'Try:',
    ...lines,
    `  npx rhizome status --on ${cluster.name}`,
    `  npx rhizome logs --follow --on ${cluster.name}`,
    `  kubectl --context ${scope.context} --namespace ${scope.namespace} delete pod --all --wait=false` +
      '   # they come back',
    `  npx rhizome down --on ${cluster.name}`,
  ].join('\n');
}
