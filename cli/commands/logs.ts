import { Command } from 'commander';
import { findTarget } from '../targets/find.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .description("print the replicas' log lines, each behind its replica's name")
    .addOption(onOption('what is up'))
    .option('-f, --follow', 'go on until Ctrl-C, with restarted and new replicas')
    .addHelpText(
      'after',
      examples('rhizome logs', 'rhizome logs --follow --on kind', `rhizome logs | grep '"level":"error"'`),
    )
    .action(async (options: { on?: string; follow?: boolean }) => {
      const target = await findTarget(context, options.on);
      await target.logs({ follow: options.follow === true, signal: context.signal });
    });
}
