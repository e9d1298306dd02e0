import { Command, InvalidArgumentError } from 'commander';
import { findTarget } from '../targets/find.ts';
import { examples, onOption, type CommandContext } from './options.ts';

const defaultTail = 20;

export function logsCommand(context: CommandContext): Command {
  return new Command('logs')
    .description("print the replicas' last log lines, each with its replica's name in front")
    .addOption(onOption('the target that is up'))
    .option('-f, --follow', 'continue until Ctrl-C, with restarted and new replicas')
    .option('--tail <lines>', `last lines of each replica, or \`all\` (default: ${String(defaultTail)})`, parseTail)
    .addHelpText(
      'after',
      examples('rhizome logs', 'rhizome logs --follow --on kind', `rhizome logs --tail all | grep '"level":"error"'`),
    )
    .action(
      async ({ on, follow = false, tail = defaultTail }: { on?: string; follow?: boolean; tail?: number | 'all' }) => {
        const target = await findTarget(context, on);
        await target.logs({ follow, ...(tail !== 'all' && { tail }), signal: context.signal });
      },
    );
}

function parseTail(value: string): number | 'all' {
  if (value === 'all') return 'all';
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Expected a number of lines, or all.');
  return Number(value);
}
