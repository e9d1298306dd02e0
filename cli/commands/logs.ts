import { Command, InvalidArgumentError } from 'commander';
import { findTarget } from '../targets/find.ts';
import { jsonLogFor, logFormatFor } from '../terminal/log-format.ts';
import { examples, onOption, type CommandContext } from './options.ts';

const defaultTail = 20;

interface LogsFlags {
  readonly on?: string;
  readonly follow?: boolean;
  readonly tail?: number | 'all';
  readonly json?: boolean;
}

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .summary("print the replicas' last log lines")
    .description(
      "print the replicas' last log lines: readable on a terminal, otherwise as JSON after the replica's name",
    )
    .addOption(onOption('the running target'))
    .option('-f, --follow', 'continue until Ctrl-C, including new and restarted replicas')
    .option('--tail <lines>', `last lines of each replica, or "all" (default: ${String(defaultTail)})`, parseTail)
    .option('--json', 'print JSON on a terminal too')
    .addHelpText(
      'after',
      examples('rhizome logs', 'rhizome logs --follow --on kind', `rhizome logs --tail all | grep '"level":"error"'`),
    )
    .action(async ({ on, follow = false, tail = defaultTail, json = false }: LogsFlags) => {
      const target = await findTarget(context, on);
      await target.logs({
        follow,
        ...(tail !== 'all' && { tail }),
        signal: context.signal,
        format: json ? jsonLogFor(process.stdout) : logFormatFor(process.stdout),
      });
    });
}

function parseTail(value: string): number | 'all' {
  if (value === 'all') return 'all';
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a number of lines, or "all".');
  return Number(value);
}
