import { Command, Option } from 'commander';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Failure } from '../failure.ts';
import { modelExamples, predict } from '../steps/predict.ts';
import { findTarget } from '../targets/find.ts';
import { openService } from '../targets/service.ts';
import { examples, onOption, urlOption, type CommandContext } from './options.ts';

interface PredictFlags {
  readonly on?: string;
  readonly url?: string;
  readonly file?: string;
  readonly json?: string;
}

export function predictCommand(context: CommandContext): Command {
  return new Command('predict')
    .description("send one request and print the answer, as JSON; by default the model's first example")
    .argument('[model]', 'a folder of models/; needed only where there are several')
    .addOption(onOption('what is up'))
    .addOption(urlOption())
    .addOption(new Option('--file <file>', 'JSON to send; - reads standard input').conflicts('json'))
    .option('--json <text>', 'JSON to send: an object, or an array of objects')
    .addHelpText('after', examples(
      'rhizome predict',
      `rhizome predict iris --json '{"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 1.4, "petal_width": 0.2}'`,
      'rhizome predict --file rows.json --url http://localhost:8080',
      'API_KEY=... rhizome predict               # sends "Authorization: Bearer ..."',
    ))
    .action(async (model: string | undefined, flags: PredictFlags) => {
      // Also where something else is sent: a model that is misspelt would go unnoticed.
      const known = model !== undefined || (flags.json ?? flags.file) === undefined ? await modelExamples(context.root, model) : [];
      const body = flags.json ?? (flags.file === undefined ? JSON.stringify(known[0].input) : await readInput(flags.file));
      const ask = async (url: string): Promise<void> => { context.print(JSON.stringify(await predict(context, { url, body }))); };
      if (flags.url !== undefined) {
        await ask(flags.url);
        return;
      }
      const { url, close } = await openService(context, await findTarget(context, flags.on));
      await ask(url).finally(close);
    });
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return readAll(process.stdin);
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause, hint: 'Name a file with JSON, or - for standard input.' });
  });
}
