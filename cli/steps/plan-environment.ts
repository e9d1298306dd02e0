import { parseImageReference, splitRegistry } from '../../infra/props/image-reference.ts';
import { Failure } from '../failure.ts';
import type { Deployment } from '../kubernetes.ts';
import { checkEnvironment, defaultEnvironment } from '../project/environment.ts';
import { readManifests } from '../project/manifests.ts';
import { serviceObjects } from '../project/objects.ts';
import { synth } from '../project/synth.ts';
import type { Cluster } from '../targets/cluster.ts';
import type { ExecContext } from '../tools/exec.ts';

/** For manifests that are synthesized only to read them. */
const scratch = '.rhizome/image';

/** How an environment's image gets to the nodes: it exists, or it is built with a tag. */
export type EnvironmentImage =
  { readonly given: string; readonly tag: undefined } | { readonly given: undefined; readonly tag: string };

/** What `up` was asked to run. */
interface Asked {
  readonly environment: string;
  readonly image: string | undefined;
  readonly registry: string | undefined;
}

/**
 * Finds out which image an environment needs, before anything is created.
 * @throws {Failure} if there is no such environment, or its pods could not start with an image that is loaded
 */
export async function planEnvironment(
  context: ExecContext,
  cluster: Cluster,
  { environment, image: asked, registry }: Asked,
): Promise<EnvironmentImage> {
  // Its image gets a digest when it is pushed.
  await synth(context, { outdir: scratch, environment: defaultEnvironment });
  checkEnvironment(context.root, scratch, environment);
  if (asked !== undefined) return { given: asked, tag: undefined };
  const { image, objects } = readManifests(context.root, scratch, environment);
  const { repository = '', tag = 'latest' } = parseImageReference(image) ?? {};
  if (registry === undefined && !cluster.loads && splitRegistry(repository).registry !== undefined)
    return { given: image, tag: undefined };
  const [deployment] = serviceObjects(objects, 'Deployment') as readonly Deployment[];
  if (
    registry === undefined &&
    cluster.loads &&
    deployment?.spec.template.spec.containers[0]?.imagePullPolicy === 'Always'
  )
    throw new Failure(
      `The pods of the environment ${environment} pull their image at each start (imagePullPolicy: Always), ` +
        `and no registry has the image that is loaded into ${cluster.name}.`,
      {
        hint: "Pass --registry, or set imagePullPolicy: 'IfNotPresent' for this environment in infra/environments.ts.",
      },
    );
  return { given: undefined, tag: `${repository}:${tag}` };
}
