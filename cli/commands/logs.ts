import { Command } from 'commander';
import { findTarget } from '../targets/find.ts';
import { logFormatFor, plainLog } from '../terminal/log-format.ts';
import { examples, onOption, type CommandContext } from './options.ts';

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .description("print the replicas' log lines: readable on a terminal, otherwise as JSON behind the replica's name")
    .addOption(onOption('what is up'))
    .option('-f, --follow', 'continue until Ctrl-C, including new and restarted replicas')
    .option('--json', 'print the JSON on a terminal too')
    .addHelpText(
      'after',
      examples('rhizome logs', 'rhizome logs --follow --on kind', `rhizome logs | grep '"level":"error"'`),
    )
    .action(async (options: { on?: string; follow?: boolean; json?: boolean }) => {
      const target = await findTarget(context, options.on);
      await target.logs({
        follow: options.follow === true,
        signal: context.signal,
        format: options.json === true ? plainLog : logFormatFor(process.stdout),
      });
    });
}
