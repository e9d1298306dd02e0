import { parseImageReference } from '../../infra/props/image-reference.ts';
import { Failure } from '../failure.ts';
import { defaultEnvironment } from '../project/environment.ts';
import { readManifests } from '../project/manifests.ts';
import type { ExecContext } from '../tools/exec.ts';
import { synth } from '../project/synth.ts';

/** For manifests that are synthesized only to read them. */
const scratch = '.rhizome/image';

/**
 * Returns the name and tag of the image to build, from newly synthesized manifests: the committed ones may be older
 * than infra/, and those that `up` applied have a content-based tag.
 */
export async function imageName(context: ExecContext): Promise<string> {
  await synth(context, { outdir: scratch, environment: defaultEnvironment });
  const { image } = readManifests(context.root, scratch);
  const { repository, tag = 'latest' } = parseImageReference(image) ?? {};
  if (repository === undefined)
    throw new Failure(
      `The Deployment of the environment ${defaultEnvironment} has an invalid image name: "${image}".`,
      {
        hint: 'Correct it in infra/; expected a name such as iris-server:v0.1.0.',
      },
    );
  return `${repository}:${tag}`;
}
