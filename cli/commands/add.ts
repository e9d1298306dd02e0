import { Command } from 'commander';
import { resolve } from 'node:path';
import { checkModelName, nameFrom } from '../model-name.ts';
import { addModel, type AddedModel } from '../steps/add-model.ts';
import { createSteps } from '../steps/step.ts';
import { quote } from '../tools/quote.ts';
import { examples, type CommandContext } from './options.ts';

interface AddFlags {
  readonly name?: string;
  readonly features?: readonly string[];
  readonly classes?: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

const list = (value: string): string[] => value.split(',').map((name) => name.trim());

export function addCommand(context: CommandContext): Command {
  return new Command('add')
    .description('make models/NAME of a model.onnx: what its graph tells, and two examples recorded by running it')
    .argument('<model>', 'the file that your training library exported')
    .option('--name <name>', "what to call it (default: the file's name, or for model.onnx the project's)")
    .option('--features <names>', 'names of the columns, with commas between them, where the graph has none', list)
    .option('--classes <names>', "names of the classes, in the order of the model's labels", list)
    .option('--force', 'replace a model of the name')
    .option('--json', 'print {"folder", "name", "features", "classes", "examples"}')
    .addHelpText('after', examples('rhizome add wine.onnx', 'rhizome add model.onnx --name wine --features alcohol,ash,hue --classes barolo,grignolino,barbera'))
    .action(async (model: string, { name, features, classes, force, json }: AddFlags) => {
      const { root } = context;
      const { run } = createSteps(context.report);
      const added = await run('Add the model', () => addModel(root, {
        file: resolve(model),
        name: name === undefined ? nameFrom(model, root) : checkModelName(name),
        ...(features && { features }), ...(classes && { classes }), ...(force && { force }),
      }));
      context.print(json === true ? JSON.stringify(summary(added)) : description(added));
    });
}

function summary({ folder, signature: { name, features, output, examples: recorded } }: AddedModel): object {
  return { folder, name, features: features.map(({ name: feature, dtype }) => ({ name: feature, dtype })), ...(output.task === 'classifier' && { classes: output.classes }), examples: recorded };
}

function description({ folder, signature: { features, output, examples: recorded } }: AddedModel): string {
  const [first, second] = recorded;
  const same = first !== undefined && first.prediction === second?.prediction;
  return [
    `${folder}: a ${output.task} of ${String(features.length)} ${features.length === 1 ? 'feature' : 'features'}`,
    `  takes ${features.map(({ name, dtype }) => `${name} (${dtype})`).join(', ')}`,
    ...(output.task === 'classifier' ? [`  says  ${output.classes.join(', ')}`] : []),
    ...recorded.map(({ input, prediction }) => `  ${JSON.stringify(input)} → ${String(prediction)}`),
    '',
    `Inputs and answers are made up by running the model${same ? ', and all that were tried got the same answer' : ''}: put real ones, units and ranges into ${folder}/model.json.`,
    '',
    'Try',
    '  npx rhizome up',
    ...(first === undefined ? [] : [`  npx rhizome predict --json ${quote([JSON.stringify(first.input)])}`]),
  ].join('\n');
}
