import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { defaultEnvironment } from '../project/environment.ts';
import { canaryOf, type Manifests } from '../project/manifests.ts';
import { verifiedByReplicas, verifyModels, type ModelsVerification } from '../ask/verify-models.ts';
import { nameInRegistry } from '../images/push.ts';
import { imageSources } from '../images/image-sources.ts';
import { planEnvironment } from '../steps/plan-environment.ts';
import { watchSources, type SourceWatch } from '../steps/watch-sources.ts';
import { preflight } from '../steps/preflight.ts';
import { withoutCommands } from '../terminal/reporter.ts';
import { createSteps, type Skip } from '../terminal/steps.ts';
import { createStyle } from '../terminal/style.ts';
import { watch } from '../steps/watch-status.ts';
import type { Cluster } from '../targets/cluster.ts';
import { openForward } from '../cluster/port-forward.ts';
import { forgetApplied, readApplied, saveApplied } from '../cluster/applied.ts';
import { chooseContainerEngine, type ContainerEngine } from '../tools/container-engine.ts';
import { checkContainerEngine } from '../tools/engine-check.ts';
import { kubectlForward } from '../tools/kubectl.ts';
import { quote } from '../tools/quote.ts';
import type { Board } from '../board/board.ts';
import { deploy, verifyFirst } from './deploy.ts';
import { address, boardLine, modelLines, screenWidth, summaryOf, tryLines } from './first-screen.ts';
import { openBoardOf } from './board.ts';
import { defaultPort, type CommandContext } from './options.ts';
import type { UpOptions } from './up-options.ts';
import { upSteps } from './up-steps.ts';

/** Runs the models on Kubernetes. A step that has nothing to do is skipped, and says why. */
export async function upOnCluster(context: CommandContext, cluster: Cluster, options: UpOptions): Promise<void> {
  const fixed = new Map(
    cluster.isOwn ? [['kind.yaml', 'it applies to a new cluster. Run `rhizome down --on kind`, then `up` again.']] : [],
  );
  // From the start: an image is built from what was saved before, and that may take a minute.
  const sources = options.watch === true ? watchSources(context, () => imageSources(context.root), fixed) : undefined;
  try {
    await deployAndWatch(context, cluster, options, sources);
  } finally {
    sources?.end();
  }
}

async function deployAndWatch(
  context: CommandContext,
  cluster: Cluster,
  options: UpOptions,
  sources: SourceWatch | undefined,
): Promise<void> {
  const { run, times } = createSteps(context.report, { walkthrough: context.walkthrough });
  const engine = chooseContainerEngine(options.engine);
  const { registry, env: environment = defaultEnvironment } = options;
  // Reports wrong usage before anything is done.
  if (registry !== undefined) nameInRegistry(registry, 'image');

  const { given, tag } =
    environment === defaultEnvironment
      ? { given: options.image, tag: undefined }
      : await run(upSteps.readEnvironment, () =>
          planEnvironment(context, cluster, { environment, image: options.image, registry }),
        );
  const deployment = { cluster, engine, options, given, tag };
  await run(upSteps.checkTools, async () => {
    await preflight(context, cluster.checks);
    if (given === undefined) await checkContainerEngine(context, engine);
  });
  await verifyFirst(context, run, deployment);
  await run(upSteps.ensureCluster, async (skip) => {
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
  const { image, manifests } = await deploy(context, run, deployment);

  // kind maps a port of this machine to the Service. Elsewhere kubectl forwards one, while this command runs.
  const mapped = cluster.mapsPort ? await cluster.url() : undefined;
  const forward =
    mapped === undefined
      ? await run(upSteps.forward, () =>
          openForward(context, cluster.context, manifests, options.port ?? (options.detach === true ? 0 : defaultPort)),
        )
      : undefined;
  const url = mapped ?? forward?.url ?? '';
  let board: Board | undefined;
  try {
    const detailed = options.verbose === true || options.explain === true;
    const asking = detailed ? context : { ...context, report: withoutCommands(context.report) };
    const isAlone = (of: Manifests): boolean => (canaryOf(of)?.percent ?? 0) === 0;
    const verify = async (of: Manifests, skip: Skip): Promise<ModelsVerification> =>
      of.hasModelVolume ? verifiedByReplicas(skip) : verifyModels(asking, url, skip, isAlone(of));
    const verification = await run(upSteps.predict, (skip) => verify(manifests, skip));
    // With --detach, a forwarded port was only for the prediction.
    const lasts = forward === undefined || options.detach !== true;
    board = options.board === true ? await openBoardOf(context, cluster) : undefined;
    if (options.json === true)
      context.print(
        toJson({
          target: cluster.name,
          ...(lasts && { url }),
          board: board?.url,
          image,
          ...summaryOf(verification),
          steps: times,
        }),
      );
    else context.print(nextSteps(cluster, manifests, verification, lasts ? url : undefined, board?.url));
    if (options.detach === true) return;
    const redeploy = async (): Promise<void> => {
      const again = createSteps(context.report);
      await verifyFirst(context, again.run, deployment);
      const deployed = await deploy(context, again.run, deployment);
      await again.run(upSteps.predict, (skip) => verify(deployed.manifests, skip));
    };
    context.report.line('Watching the replicas. Ctrl-C ends this command; the replicas keep running.');
    await Promise.all([
      sources?.redeployOnChange(redeploy),
      watch(context, cluster, (line) => {
        context.report.line(line);
      }),
    ]);
  } finally {
    await board?.close();
    await forward?.close();
  }
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

/**
 * @param url of the Service; undefined if no port of this machine leads there
 * @param board the address of the board, if it is open
 */
function nextSteps(
  cluster: Cluster,
  manifests: Manifests,
  verification: ModelsVerification,
  url: string | undefined,
  board: string | undefined,
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
    ...boardLine(board, style),
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
