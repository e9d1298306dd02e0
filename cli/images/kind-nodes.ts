import { Failure } from '../failure.ts';
import { nodeImages, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindEnvironment, kindLoad, kindNodes } from '../tools/kind.ts';
import { fullName, withArchive } from './archive.ts';

/**
 * Loads an image of this machine into the nodes of a kind cluster that don't have it. Its tag is content-based, so the
 * name is enough to tell.
 * @returns why there was nothing to do; undefined if it was loaded
 */
export async function loadIntoKind(
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  image: string,
): Promise<string | undefined> {
  const nodes = await nodesWithout(context, engine, cluster, image);
  if (nodes.length === 0) return hasIt;
  await withArchive(context, engine, image, (file) => loadArchive(context, engine, cluster, file, nodes));
  return undefined;
}

/** Like `loadIntoKind`, but of an archive instead of an image of this machine. */
export async function loadArchiveIntoKind(
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  image: string,
  file: string,
): Promise<string | undefined> {
  const nodes = await nodesWithout(context, engine, cluster, image);
  if (nodes.length === 0) return hasIt;
  await loadArchive(context, engine, cluster, file, nodes);
  return undefined;
}

const hasIt = 'every node already has it';

const loadArchive = (
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  file: string,
  nodes: readonly string[],
): Promise<string> => exec(context, kindLoad(cluster, file, nodes), { ...kindEnvironment(engine), stream: true });

async function nodesWithout(
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  image: string,
): Promise<readonly string[]> {
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
  return nodes.filter((_, index) => images[index]?.includes(fullName(image)) !== true);
}
