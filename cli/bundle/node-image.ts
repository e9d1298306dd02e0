import { Failure } from '../failure.ts';
import { parseImageReference } from '../../infra/props/image-reference.ts';
import { readKindConfig } from '../targets/kind-config.ts';
import { containerImage, imageInspect, imageTag, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kindControlPlane } from '../tools/kind.ts';

/**
 * Returns the image of kind's nodes, as an image of this machine with a tag. If none is given, it is that of the
 * cluster that exists: kind does not say which one it would use.
 */
export async function nodeImageOf(
  context: ExecContext,
  engine: ContainerEngine,
  given: string | undefined,
): Promise<string> {
  const image = given ?? (await imageOfCluster(context, engine));
  const { repository = image, tag, digest } = parseImageReference(image) ?? {};
  await exec(context, imageInspect(engine, image), {
    quiet: true,
    hint: `The image of the nodes must be on this machine: ${engine} pull ${image}`,
  });
  if (digest === undefined) return image;
  // An archive keeps a tag, but not a digest.
  const tagged = `${repository}:${tag ?? 'bundled'}`;
  await exec(context, imageTag(engine, image, tagged));
  return tagged;
}

async function imageOfCluster(context: ExecContext, engine: ContainerEngine): Promise<string> {
  const { name = 'kind' } = readKindConfig(context.root) ?? {};
  try {
    return (await exec(context, containerImage(engine, kindControlPlane(name)), { quiet: true })).trim();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Failure('The image of the nodes of kind is not known.', {
      cause: error,
      hint: 'Name it with --node-image or KIND_NODE_IMAGE; or run `rhizome up --on kind` first, and its image is used.',
    });
  }
}
