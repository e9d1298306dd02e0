import { Failure } from '../failure.ts';
import { nodeImages, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kindEnvironment, kindLoad, kindNodes } from '../tools/kind.ts';
import { fullName, withArchive } from './archive.ts';

/**
 * Brings an image of this machine to those nodes of a kind cluster that lack it. Its tag is by content, so the name says
 * whether they do.
 * @returns why there was nothing to do; undefined where it was loaded
 */
export async function loadIntoKind(
  context: ExecContext,
  engine: ContainerEngine,
  cluster: string,
  image: string,
): Promise<string | undefined> {
  const kind = kindEnvironment(engine);
  const nodes = (await exec(context, kindNodes(cluster), { ...kind, quiet: true }))
    .split('\n')
    .filter((name) => name !== '');
  if (nodes.length === 0)
    throw new Failure(`The kind cluster ${cluster} has no nodes.`, {
      hint: `It was deleted meanwhile, or stopped: kind get clusters`,
    });
  const held = await Promise.all(
    nodes.map(async (node) => (await exec(context, nodeImages(engine, node), { quiet: true })).split('\n')),
  );
  const lacking = nodes.filter((_, index) => held[index]?.includes(fullName(image)) !== true);
  if (lacking.length === 0) return 'every node has it';
  await withArchive(context, engine, image, (file) =>
    exec(context, kindLoad(cluster, file, lacking), { ...kind, stream: true }),
  );
  return undefined;
}
