import { once } from 'node:events';
import { Command } from 'commander';
import type { Board } from '../board/board.ts';
import { findTarget } from '../targets/find.ts';
import type { Target } from '../targets/target.ts';
import { examples, onOption, parsePort, type CommandContext } from './options.ts';

export function boardCommand(context: CommandContext): Command {
  return new Command('board')
    .summary('show the replicas in the browser')
    .description(
      'open a page, for this machine alone, that shows the replicas, sends load and runs experiments; until Ctrl-C',
    )
    .addOption(onOption('the running target'))
    .option('--port <number>', 'port of the page on this machine (default: a free one)', parsePort)
    .addHelpText('after', examples('rhizome board', 'rhizome board --on kind', 'rhizome up --board'))
    .action(async ({ on, port }: { on?: string; port?: number }) => {
      const target = await findTarget(context, on);
      const board = await openBoardOf(context, target, port);
      context.print(board.url);
      context.report.line('Open this address in a browser. Ctrl-C closes the board; the replicas keep running.');
      if (!context.signal.aborted) await once(context.signal, 'abort');
      await board.close();
    });
}

/** Opens the board of a target. Its code is loaded with the first one, so that other commands start faster. */
export async function openBoardOf(context: CommandContext, target: Target, port?: number): Promise<Board> {
  const { openBoard } = await import('../board/board.ts');
  return openBoard(context, target, port);
}
