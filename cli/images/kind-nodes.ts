import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { nodeContent, nodeImages, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { bytesRead, megabytes } from '../tools/measure-files.ts';
import { kindEnvironment, kindLoad, kindNodes } from '../tools/kind.ts';
import { fullName, withArchive } from './archive.ts';
import { writeMissing } from './missing-layers.ts';

/**
 * Loads an image into the nodes of a kind cluster that don't have it, without the layers that all of these have. Its
 * tag is content-based, so the name is enough to tell.
 * @param archive a file with the image. @default the container engine of this machine has it
 * @returns why there was nothing to do; undefined if it was loaded
 */
export async function loadIntoKind(
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  image: string,
  archive?: string,
): Promise<string | undefined> {
  const kind = kindEnvironment(engine);
  const nodes = (await exec(context, kindNodes(cluster), { ...kind, quiet: true }))
    .split('\n')
    .filter((name) => name !== '');
  if (nodes.length === 0)
    throw new Failure(`The kind cluster ${cluster} has no nodes.`, {
      hint: 'It has been deleted or stopped. To list the clusters: kind get clusters',
    });
  const images = await Promise.all(
    nodes.map(async (node) => (await exec(context, nodeImages(engine, node), { quiet: true })).split('\n')),
  );
  const nodesWithout = nodes.filter((_, index) => images[index]?.includes(fullName(image)) !== true);
  if (nodesWithout.length === 0) return 'every node already has it';
  const load = (file: string): Promise<string> =>
    exec(context, kindLoad(cluster, file, nodesWithout), {
      ...kind,
      stream: true,
      // kind prints nothing. Each node reads the archive.
      measure: bytesRead(file, nodesWithout.length),
    });
  if (archive !== undefined) {
    await load(archive);
    return undefined;
  }
  await withArchive(context, engine, image, async (file) => {
    const missing = join(dirname(file), 'missing.tar');
    const present = await contentOf(context, engine, nodesWithout);
    const leftOut = await writeMissing(file, fullName(image), present, missing);
    if (leftOut === undefined) {
      await load(file);
      return;
    }
    context.report.line(`The nodes already have ${megabytes(leftOut)} of the image.`);
    try {
      await load(missing);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      // A node deletes what no image needs. It may have done so just now.
      context.report.line('They could not load the rest alone. Loading the whole image.');
      await load(file);
    }
  });
  return undefined;
}

/** Returns the digests of what each of the nodes has. */
async function contentOf(
  context: ExecContext,
  engine: ContainerEngine,
  nodes: readonly string[],
): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(nodes.map((node) => exec(context, nodeContent(engine, node), { quiet: true })));
  const [first = new Set<string>(), ...others] = lists.map((list) => new Set(list.split('\n')));
  return new Set([...first].filter((digest) => others.every((other) => other.has(digest))));
}
