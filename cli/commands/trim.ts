import { Command } from 'commander';
import { trim, trimmed } from '../scaffold/trim.ts';
import { examples, type CommandContext } from './options.ts';

/**
 * npm runs it after each installation of a project, on any Node and possibly without the development dependencies, so
 * it must not need either.
 */
export function trimCommand(context: CommandContext): Command {
  return new Command('trim')
    .summary('remove from node_modules what this machine does not need')
    .description(
      'remove from node_modules what this machine does not need: the ONNX runtime of other platforms, ' +
        "Node's C headers and source maps. `npm ci` brings them back",
    )
    .addHelpText('after', examples('rhizome trim'))
    .action(() => {
      const bytes = trim(process.cwd());
      if (bytes > 0) context.print(trimmed(bytes));
    });
}
