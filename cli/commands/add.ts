import { Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { Example } from '../../onnx/signature/model-json.ts';
import { formatTensorType, type TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { toJson } from '../json.ts';
import { checkModelName, nameFrom } from '../project/model-name.ts';
import { addModel, type AddedModel } from '../steps/add-model.ts';
import { createSteps } from '../terminal/steps.ts';
import { quote } from '../tools/quote.ts';
import { examples, type CommandContext } from './options.ts';

interface AddFlags {
  readonly name?: string;
  readonly version?: string;
  readonly features?: readonly string[];
  readonly classes?: readonly string[];
  readonly force?: boolean;
  readonly json?: boolean;
}

const list = (value: string): string[] => value.split(',').map((name) => name.trim());

export function addCommand(context: CommandContext): Command {
  return new Command('add')
    .summary('add a model to the project')
    .description('add a model to models/: read its signature from the graph, and record two examples by running it')
    .argument('<model>', 'file that your training library exported')
    .option('--name <name>', "name of the model (default: the file's name; for model.onnx, the project's)")
    .option('--version <number>', 'add it as models/NAME/VERSION; the highest version is the default', parseVersion)
    .option('--features <names>', 'names of the columns, separated by commas, if the graph has none', list)
    .option('--classes <names>', "names of the classes, in the order of the model's labels", list)
    .option('--force', 'replace the model or the version if it exists')
    .option('--json', 'print {"folder", "name", "version", "task", "features", "classes", "examples", "notVerified"}')
    .addHelpText(
      'after',
      examples(
        'rhizome add wine.onnx',
        'rhizome add model.onnx --name wine --features alcohol,ash,hue',
        'rhizome add new.onnx --name wine --version 2',
      ),
    )
    .action(async (model: string, { name, version, features, classes, force, json }: AddFlags) => {
      const { root } = context;
      const { run } = createSteps(context.report);
      const added = await run('Add the model', () =>
        addModel(root, {
          file: resolve(model),
          name: name === undefined ? nameFrom(model, root) : checkModelName(name),
          ...(version !== undefined && { version }),
          ...(features && { features }),
          ...(classes && { classes }),
          ...(force && { force }),
        }),
      );
      context.print(json === true ? toJson(summary(added)) : description(added));
    });
}

function summary({ folder, signature, notVerified }: AddedModel): object {
  const { name, version, features, output, examples: recorded } = signature;
  return {
    folder,
    name,
    version,
    task: output.task,
    features: features.map(({ name: feature, dtype }) => ({ name: feature, dtype })),
    ...(output.task === 'classifier' && { classes: output.classes }),
    examples: recorded,
    ...(notVerified !== undefined && { notVerified }),
  };
}

/** Longer requests are cut, and aren't suggested as a command. */
const mostCharacters = 400;

function description({
  folder,
  signature: { name, features, output, examples: recorded },
  weights,
  moved,
  changed,
  notVerified = '',
  neverRan,
  stoppedAfter,
}: AddedModel): string {
  const [first, second] = recorded;
  const same = first !== undefined && toJson(said(first)) === toJson(second && said(second));
  const request = first === undefined ? '' : toJson(first.input);
  const included =
    changed.length === 0
      ? ''
      : `, which ${changed.join(' and ')} now include${changed.length === 1 ? 's' : ''} in the image`;
  return [
    ...(moved === undefined ? [] : [`moved models/${name} to ${moved}, since it now has several versions`]),
    `${folder}: ${kinds[output.task]} of ${String(features.length)} ${features.length === 1 ? 'feature' : 'features'}`,
    ...(weights.length === 0 ? [] : [`  weights  ${weights.join(', ')}${included}`]),
    `  inputs   ${features.map(nameAndType).join(', ')}`,
    ...(output.task === 'classifier' ? [`  classes  ${output.classes.join(', ')}`] : []),
    ...(output.task === 'tensors' ? [`  outputs  ${output.outputs.map(nameAndType).join(', ')}`] : []),
    ...recorded.map((example) => {
      const prediction = said(example);
      const text = typeof prediction === 'string' ? prediction : toJson(prediction);
      return `  ${cut(toJson(example.input))} → ${cut(text)}`;
    }),
    '',
    ...(stoppedAfter === undefined ? [] : [`Recording examples stopped after ${String(stoppedAfter)} s.`]),
    first === undefined
      ? (neverRan
          ? `No example was recorded. ${notVerified}\nThe model is served without being verified. `
          : 'No example was recorded: no generated input was short enough for a text file and had numbers as ' +
            'outputs.\n') + `Add real examples to ${folder}/model.json.`
      : `The inputs are generated${same ? ', and all had the same prediction' : ''}. ` +
        'Replace them with real examples, and add units and\n' +
        `ranges, in ${folder}/model.json.`,
    '',
    'Try:',
    '  npx rhizome up',
    ...(first === undefined
      ? []
      : [`  npx rhizome predict ${name}${request.length > mostCharacters ? '' : ` --json ${quote([request])}`}`]),
  ].join('\n');
}

const kinds = {
  classifier: 'a classifier',
  regressor: 'a regressor',
  'anomaly-detector': 'an anomaly detector',
  tensors: 'a model',
} as const;

const nameAndType = ({ name, dtype, shape }: TensorSpec): string => `${name} (${formatTensorType(dtype, shape)})`;

const said = ({ prediction, outputs }: Example): unknown => prediction ?? outputs;

const cut = (text: string): string => (text.length > mostCharacters ? `${text.slice(0, 100)}…` : text);

function parseVersion(value: string): string {
  if (!/^\d{1,18}$/.test(value)) throw new InvalidArgumentError('Expected a number, such as 2.');
  return String(BigInt(value));
}
