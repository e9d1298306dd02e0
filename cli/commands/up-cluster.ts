import { Failure } from '../failure.ts';
import { privateCharts, readManifests, type Manifests } from '../manifests.ts';
import { apply } from '../steps/apply.ts';
import { build, tagByContent } from '../steps/build.ts';
import { assertPrediction } from '../steps/predict.ts';
import { checkDocker, preflight } from '../steps/preflight.ts';
import { createSteps } from '../steps/step.ts';
import { synth } from '../steps/synth.ts';
import { waitForRollout } from '../steps/wait.ts';
import { watch } from '../steps/watch.ts';
import type { Cluster } from '../targets/cluster.ts';
import { openForward } from '../targets/forward.ts';
import { record } from '../targets/record.ts';
import { kubectlForward } from '../tools/kubectl.ts';
import { quote } from '../tools/quote.ts';
import type { CommandContext } from './options.ts';
import type { UpOptions } from './up.ts';

const defaultPort = 8080;

/** The steps of `up` on Kubernetes. What has not changed since the last time is done in no time by the tool of each step. */
export async function upOnCluster(context: CommandContext, cluster: Cluster, options: UpOptions): Promise<void> {
  const { run, times } = createSteps(context.report);
  const given = options.image;

  await run('Check the tools', async () => {
    await preflight(context, cluster.checks);
    if (given === undefined) await checkDocker(context);
  });
  await run('Have the cluster', async () => {
    await cluster.ensure();
    if (given === undefined && !cluster.loads) {
      throw new Failure(`There is no way to bring an image of this machine to the nodes of ${cluster.name}.`, {
        hint: `Push it to a registry that the cluster can reach, then: rhizome up --on ${cluster.name} --image REGISTRY/NAME:TAG`,
      });
    }
  });
  const image = given ?? await run('Build the image', async () => tagByContent(context, (await build(context, options)).image));
  const manifests = await run('Synthesize the manifests', async () => {
    await synth(context, { outdir: privateCharts, image });
    return readManifests(context.root, privateCharts);
  });
  if (given === undefined) await run('Load the image', () => cluster.load(image));
  await run('Apply the manifests', async () => {
    if (cluster.name !== 'kind') await record(context.root, cluster.name);
    await apply(context, cluster.context, manifests);
  });
  await run('Wait for the replicas', () => waitForRollout(context, cluster.context, manifests));

  // kind maps a port of this machine to the Service; elsewhere kubectl leads to it, for as long as this command runs.
  const mapped = cluster.name === 'kind' ? await cluster.url() : undefined;
  const forward = mapped === undefined
    ? await run('Forward a port', () => openForward(context, cluster.context, manifests, options.port ?? (options.detach === true ? 0 : defaultPort)))
    : undefined;
  const url = mapped ?? forward?.url ?? '';
  try {
    const { answer, curl } = await run('Predict', () => assertPrediction(context, url));
    // With --detach a forwarded port was for the prediction alone.
    const lasts = forward === undefined || options.detach !== true;
    if (options.json === true) context.print(JSON.stringify({ target: cluster.name, ...(lasts && { url }), image, answer, steps: times }));
    else context.print(nextSteps(cluster, manifests, lasts ? { url, curl } : undefined));
    if (options.detach === true) return;
    context.report.line('Watching the replicas. Ctrl-C ends this command; they keep running.');
    await watch(context, cluster);
  } finally {
    await forward?.close();
  }
}

/** @param open the Service's URL and a line that asks it; none where no port leads there */
function nextSteps(cluster: Cluster, manifests: Manifests, open: { readonly url: string; readonly curl: string } | undefined): string {
  const scope = { context: cluster.context, namespace: manifests.namespace };
  return [
    '',
    open === undefined ? 'The model runs.' : `The model answers at ${open.url}, documentation at ${open.url}/docs`,
    '',
    'Try',
    `  ${open?.curl ?? quote(kubectlForward(scope, manifests.service.name, defaultPort, manifests.service.port))}`,
    `  npx rhizome status --on ${cluster.name}`,
    `  npx rhizome logs --follow --on ${cluster.name}`,
    `  kubectl --context ${scope.context} --namespace ${scope.namespace} delete pod --all --wait=false   # they come back`,
    `  npx rhizome down --on ${cluster.name}`,
  ].join('\n');
}
