import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseImageReference } from '../../infra/props/image-reference.ts';
import { Failure } from '../failure.ts';
import { defaultEnvironment, manifestsFile } from '../project/environment.ts';
import { readManifests } from '../project/manifests.ts';
import type { ExecContext } from '../tools/exec.ts';
import { synth } from '../project/synth.ts';

/** For manifests that are synthesized only to read them. */
const scratch = '.rhizome/image';

/**
 * Returns the name and tag of the image to build, from the committed manifests, or from newly synthesized ones if there
 * are none. The manifests that `up` applied have a content-based tag instead.
 */
export async function imageName(context: ExecContext): Promise<string> {
  const committed = existsSync(join(context.root, 'charts-out', manifestsFile(defaultEnvironment)));
  if (!committed) await synth(context, { outdir: scratch });
  const { file, image } = readManifests(context.root, committed ? 'charts-out' : scratch);
  const { repository, tag = 'latest' } = parseImageReference(image) ?? {};
  if (repository === undefined)
    throw new Failure(`The Deployment in ${file} has an invalid image name: "${image}".`, {
      hint: 'Correct it in infra/; expected a name such as iris-server:v0.1.0.',
    });
  return `${repository}:${tag}`;
}
