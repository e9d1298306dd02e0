import { Command } from 'commander';
import { addCommand } from './commands/add.ts';
import { buildCommand } from './commands/build.ts';
import { chaosCommand } from './commands/chaos.ts';
import { compareCommand } from './commands/compare.ts';
import { doctorCommand } from './commands/doctor.ts';
import { downCommand } from './commands/down.ts';
import { explainCommand } from './commands/explain.ts';
import { initCommand } from './commands/init.ts';
import { inspectCommand } from './commands/inspect.ts';
import { loadCommand } from './commands/load.ts';
import { logsCommand } from './commands/logs.ts';
import { examples, type CommandContext } from './commands/options.ts';
import { predictCommand } from './commands/predict.ts';
import { pushModelCommand } from './commands/push-model.ts';
import { promoteCommand } from './commands/promote.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { statusCommand } from './commands/status.ts';
import { synthCommand } from './commands/synth.ts';
import { trimCommand } from './commands/trim.ts';
import { typesCommand } from './commands/types.ts';
import { upCommand } from './commands/up.ts';

/** Creates the command line. Wrong usage throws commander's `CommanderError`. */
export function createProgram(context: CommandContext, version: string): Command {
  const program = new Command('rhizome')
    .description('Turn a trained ONNX model into replicas that keep running.')
    .version(version)
    // Otherwise `rhizome add --version 2` would print the version of Rhizome.
    .enablePositionalOptions()
    .addHelpText(
      'after',
      `${examples('rhizome up', 'rhizome up --on kind', 'rhizome predict', 'rhizome down')}\n\n` +
        'Exit code: 0 success, 1 failure, 2 wrong usage.\n' +
        'RHIZOME_DEBUG=1 prints the stack of an error.',
    );
  for (const create of [
    upCommand,
    statusCommand,
    predictCommand,
    loadCommand,
    chaosCommand,
    logsCommand,
    promoteCommand,
    rollbackCommand,
    downCommand,
    buildCommand,
    synthCommand,
    explainCommand,
    initCommand,
    inspectCommand,
    addCommand,
    pushModelCommand,
    compareCommand,
    typesCommand,
    doctorCommand,
    trimCommand,
  ]) {
    program.addCommand(create(context));
  }
  for (const command of [program, ...program.commands]) command.exitOverride().showHelpAfterError('(see --help)');
  return program;
}
