import { Command } from 'commander';
import { addCommand } from './commands/add.ts';
import { boardCommand } from './commands/board.ts';
import { buildCommand } from './commands/build.ts';
import { bundleCommand } from './commands/bundle.ts';
import { chaosCommand } from './commands/chaos.ts';
import { compareCommand } from './commands/compare.ts';
import { completionCommand } from './commands/completion.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { explainCommand } from './commands/explain.ts';
import { initCommand } from './commands/init.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loadCommand } from './commands/load.ts';
import { logsCommand } from './commands/logs.ts';
import { bold, examples, type CommandContext } from './commands/options.ts';
import { predictCommand } from './commands/predict.ts';
import { pushModelCommand } from './commands/push-model.ts';
import { promoteCommand } from './commands/promote.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { statusCommand } from './commands/status.ts';
import { synthCommand } from './commands/synth.ts';
import { trimCommand } from './commands/trim.ts';
import { typesCommand } from './commands/types.ts';
import { upCommand } from './commands/up.ts';

/** All commands, by what they are about. */
const groups = {
  'Run the models:': [
    upCommand,
    statusCommand,
    boardCommand,
    predictCommand,
    loadCommand,
    chaosCommand,
    logsCommand,
    downCommand,
  ],
  'Work with models:': [inspectCommand, addCommand, compareCommand, typesCommand, pushModelCommand],
  'Deploy to clusters:': [buildCommand, synthCommand, explainCommand, promoteCommand, rollbackCommand],
  'Set up the project:': [initCommand, doctorCommand, bundleCommand, completionCommand, trimCommand],
} as const satisfies Readonly<Record<string, readonly ((context: CommandContext) => Command)[]>>;

/** Creates the command line. Wrong usage throws commander's `CommanderError`. */
export function createProgram(context: CommandContext, version: string): Command {
  const program = new Command('rhizome')
    .description('Turn a trained ONNX model into replicas that keep running.')
    .version(version)
    // Otherwise `rhizome add --version 2` would print the version of Rhizome.
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError('(see --help)')
    .configureHelp({ styleTitle: bold })
    .addHelpText(
      'after',
      `${examples('rhizome up', 'rhizome up --on kind', 'rhizome predict', 'rhizome down')}\n\n` +
        'Exit code: 0 success, 1 failure, 2 wrong usage.\n' +
        'RHIZOME_DEBUG=1 prints the stack of an error.',
    );
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(heading);
    for (const create of commands) program.addCommand(create(context).copyInheritedSettings(program));
  }
  return program.helpCommand('help [command]', 'show the help of a command');
}
