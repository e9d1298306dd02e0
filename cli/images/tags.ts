import { readApplied, saveTags } from '../cluster/applied.ts';
import { imageUntag, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { MissingTool } from '../tools/tool.ts';

/** Records tags that `up` is about to give to images of this machine, so that `down` removes them. */
export async function recordTags(root: string, on: string, ...added: readonly string[]): Promise<void> {
  const tags = (await readApplied(root))[on]?.tags ?? [];
  await saveTags(root, on, [...new Set([...tags, ...added])]);
}

/**
 * Removes the tags that `up` gave to images of this machine for a target, unless another target has them too. An image
 * without a tag is deleted with its last one. A tag that is in use stays, and is reported.
 * @returns descriptions of what was removed
 */
export async function removeTags(
  context: ExecContext,
  on: string,
  engine: ContainerEngine,
): Promise<readonly string[]> {
  const { [on]: own, ...others } = await readApplied(context.root);
  const kept = Object.values(others).flatMap((applied) => applied?.tags ?? []);
  const removed: string[] = [];
  for (const tag of own?.tags?.filter((each) => !kept.includes(each)) ?? []) {
    try {
      await exec(context, imageUntag(engine, tag));
      removed.push(`image tag ${tag}`);
    } catch (error) {
      if (!(error instanceof CommandFailed || error instanceof MissingTool)) throw error;
      const reason = error.details.at(-1) ?? error.message;
      // Removed by other means: Docker says "No such image", podman "image not known".
      if (!/no such image|image not known/i.test(reason))
        context.report.line(`The image tag ${tag} stays on this machine: ${reason}`);
    }
  }
  return removed;
}
