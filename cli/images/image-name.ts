import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseImageReference } from '../../infra/props/image-reference.ts';
import { Failure } from '../failure.ts';
import { fileName, readManifests } from '../project/manifests.ts';
import type { ExecContext } from '../tools/exec.ts';
import { synth } from '../project/synth.ts';

/** For manifests that are synthesized only to be read: neither committed nor applied. */
const scratch = '.rhizome/image';

/**
 * What the project's manifests call the image that is to be built: name and tag. The committed ones say it; before there
 * are any, they are synthesized. Those that `up` applied have the tag by content, and are not asked.
 */
export async function imageName(context: ExecContext): Promise<string> {
  const committed = existsSync(join(context.root, 'charts-out', fileName));
  if (!committed) await synth(context, { outdir: scratch });
  const { file, image } = readManifests(context.root, committed ? 'charts-out' : scratch);
  const { repository, tag = 'latest' } = parseImageReference(image) ?? {};
  if (repository === undefined)
    throw new Failure(`The Deployment of ${file} has the image "${image}", which is no image's name.`, {
      hint: 'Correct it in infra/, as in iris-server:v0.1.0.',
    });
  return `${repository}:${tag}`;
}
