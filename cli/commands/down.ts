import { Command } from 'commander';
import { severalTargetsUp, targetsUp, targetUsed } from '../targets/find.ts';
import { forgetApplied } from '../cluster/applied.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function downCommand(context: CommandContext): Command {
  return new Command('down')
    .summary('remove what `up` created')
    .description('remove what `up` created, and nothing else; on kind that is the cluster')
    .addOption(onOption('the running target'))
    .option('--json', 'print {"removed": [...]}')
    .addHelpText('after', examples('rhizome down', 'rhizome down --on kind'))
    .action(async (options: { on?: string; json?: boolean }) => {
      const targets = options.on === undefined ? await targetsUp(context) : [await targetUsed(context, options.on)];
      if (targets.length > 1) throw severalTargetsUp(targets);
      const removed: string[] = [];
      for (const target of targets) {
        removed.push(...(await target.down()));
        await forgetApplied(context.root, target.name);
      }
      if (options.json === true) context.print(JSON.stringify({ removed }));
      else
        context.print(removed.length === 0 ? 'Nothing was up.' : removed.map((what) => `removed ${what}`).join('\n'));
    });
}
