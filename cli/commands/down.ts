import { Command } from 'commander';
import { cannotDetermine, severalTargetsUp, targetsUp, targetUsed } from '../targets/find.ts';
import { containerEngineOf, forgetApplied } from '../cluster/applied.ts';
import { removeTags } from '../images/tags.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function downCommand(context: CommandContext): Command {
  return new Command('down')
    .summary('remove what `up` created')
    .description('remove what `up` created, and nothing else; on kind that is the cluster')
    .addOption(onOption('the running target'))
    .option('--json', 'print {"removed": [...]}')
    .addHelpText('after', examples('rhizome down', 'rhizome down --on kind'))
    .action(async (options: { on?: string; json?: boolean }) => {
      const { up, unknown } =
        options.on === undefined
          ? await targetsUp(context)
          : { up: [await targetUsed(context, options.on)], unknown: [] };
      if (up.length > 1) throw severalTargetsUp(up);
      const [missing, ...more] = unknown;
      if (missing !== undefined && up.length === 0) throw cannotDetermine([missing, ...more]);
      const removed: string[] = [];
      for (const target of up) {
        removed.push(...(await target.down()), ...(await forget(context, target.name)));
      }
      // Its cluster was deleted by other means.
      if (options.on === undefined && unknown.every(({ target }) => target.name !== 'kind'))
        removed.push(...(await forget(context, 'kind')));
      if (options.json === true) context.print(JSON.stringify({ removed }));
      else
        context.print(removed.length === 0 ? 'Nothing was up.' : removed.map((what) => `removed ${what}`).join('\n'));
      if (missing !== undefined) throw cannotDetermine([missing, ...more]);
    });
}

/** Removes what `up` left on this machine for a target that is down. @returns descriptions of what was removed */
async function forget(context: CommandContext, on: string): Promise<readonly string[]> {
  const removed = await removeTags(context, on, await containerEngineOf(context.root, { name: on }));
  await forgetApplied(context.root, on);
  return removed;
}
