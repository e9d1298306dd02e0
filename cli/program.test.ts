import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

test('docs/cli.md lists the commands of each group, in the same order', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/cli.md'), 'utf8');
  const groups = new Map<string, string[]>();
  for (const command of program.commands)
    groups.set(command.helpGroup(), [...(groups.get(command.helpGroup()) ?? []), command.name()]);
  const documented = [...groups.keys()].map((heading) => {
    const [, table = ''] = new RegExp(`^${heading}\\n\\n((?:\\|.*\\n)+)`, 'm').exec(page) ?? [];
    return [heading, [...table.matchAll(/^\| `([\w-]+)/gm)].map(([, name]) => name)];
  });
  expect(documented).toEqual([...groups]);
});
