import { Failure } from '../failure.ts';
import { nodeImages, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { bytesRead } from '../tools/measure-files.ts';
import { kindEnvironment, kindLoad, kindNodes } from '../tools/kind.ts';
import { fullName, withArchive } from './archive.ts';

/**
 * Loads an image into the nodes of a kind cluster that don't have it. Its tag is content-based, so the name is enough
 * to tell.
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
  await (archive === undefined ? withArchive(context, engine, image, load) : load(archive));
  return undefined;
}
