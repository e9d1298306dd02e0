import type { CommandContext } from './commands/options.ts';
import { createProgram } from './program.ts';

// Help needs no context.
const program = createProgram({} as CommandContext, '0.1.0');

test.each([program, ...program.commands].map((command) => [command.name(), command] as const))(
  'the help of %s has no line over 80 characters, and has examples',
  (_, command) => {
    let help = '';
    command
      .configureOutput({
        writeOut: (text) => {
          help += text;
        },
        getOutHelpWidth: () => 80,
      })
      .outputHelp();
    expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(help).toContain('\nExamples:\n');
  },
);
