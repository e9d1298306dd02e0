import { Command } from 'commander';
import { declarations } from '../declarations/declarations.ts';
import { UsageError } from '../failure.ts';
import { checkTypes, readModels, writeTypes } from '../steps/write-types.ts';
import { createSteps } from '../terminal/steps.ts';
import { examples, type CommandContext } from './options.ts';

interface TypesFlags {
  readonly out?: string;
  readonly check?: boolean;
}

export function typesCommand(context: CommandContext): Command {
  return new Command('types')
    .summary('print TypeScript types of the models')
    .description("print the models' inputs and outputs as TypeScript types, for the client")
    .option('--out <file>', 'write the types to a file instead of printing them')
    .option('--check', 'write nothing, and fail if the file of --out differs')
    .addHelpText('after', examples('rhizome types --out src/models.ts', 'rhizome types --out src/models.ts --check'))
    .action(async ({ out, check }: TypesFlags) => {
      const { root } = context;
      const { run } = createSteps(context.report);
      if (check === true && out === undefined)
        throw new UsageError('--check needs --out, the file to check.', {
          hint: 'rhizome types --out src/models.ts --check',
        });
      const text = declarations(await run('Read the models', () => readModels(root)));
      if (out === undefined) context.print(text.trimEnd());
      else if (check === true) await run(`Check ${out}`, () => checkTypes(out, text));
      else await run(`Write ${out}`, () => writeTypes(out, text));
    });
}
