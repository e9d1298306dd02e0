import { Command, InvalidArgumentError } from 'commander';
import { resolve } from 'node:path';
import type { Feature } from '../../onnx/signature/features.ts';
import type { Size } from '../../onnx/signature/image.ts';
import type { Example } from '../../onnx/signature/model-json.ts';
import { formatType, type TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { UsageError } from '../failure.ts';
import { toJson } from '../json.ts';
import { checkModelName, nameFrom } from '../project/model-name.ts';
import { addModel, type AddedModel } from '../steps/add-model.ts';
import { classNames } from '../steps/class-names.ts';
import { describeGuess } from '../steps/find-tokenizer.ts';
import { columns } from '../terminal/columns.ts';
import { describeValues } from '../terminal/describe-values.ts';
import { createSteps } from '../terminal/steps.ts';
import type { TrainingData } from '../training-data/training-data.ts';
import { quote } from '../tools/quote.ts';
import { examples, parseSize, type CommandContext } from './options.ts';

interface AddFlags {
  readonly name?: string;
  readonly version?: string;
  readonly features?: readonly string[];
  readonly classes?: string;
  readonly image?: Size | true;
  readonly data?: string;
  readonly target?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

const list = (value: string): string[] => value.split(',').map((name) => name.trim());

export function addCommand(context: CommandContext): Command {
  return new Command('add')
    .summary('add a model to the project')
    .description('add a model to models/: read its signature from the graph, and record two examples by running it')
    .argument('<file>', 'file that your training library exported')
    .option('--name <name>', "name of the model (default: the file's name; for model.onnx, the project's)")
    .option('--version <number>', 'add it as models/NAME/VERSION; the highest version is the default', parseVersion)
    .option('--features <names>', 'names of the columns, separated by commas, if the graph has none', list)
    .option('--classes <names>', "names of the classes in the order of the model's labels, or a file with one per line")
    .option(
      '--image [size]',
      'the input is an image, resized to 224 or HEIGHTxWIDTH (default: as the graph says)',
      parseSize,
    )
    .option('--data <file>', 'CSV or JSON that the model was trained with: names, units, ranges, choices and examples')
    .option('--target <column>', 'column of --data with the true values: count how many the model predicts')
    .option('--force', 'replace the model or the version if it exists')
    .option(
      '--json',
      'print {"folder", "name", "version", "task", "features", "classes", "examples", "data", "notVerified"}',
    )
    .addHelpText(
      'after',
      examples(
        'rhizome add wine.onnx',
        'rhizome add model.onnx --name wine --features alcohol,ash,hue',
        'rhizome add new.onnx --name wine --version 2',
        'rhizome add wine.onnx --data train.csv --target quality',
        'rhizome add photo.onnx --image 224 --classes imagenet.txt',
      ),
    )
    .action(async (model: string, { name, version, features, classes, image, data, target, force, json }: AddFlags) => {
      if (target !== undefined && data === undefined)
        throw new UsageError('--target has no effect without --data.', {
          hint: 'Pass the file with that column as --data.',
        });
      const { root } = context;
      const { run } = createSteps(context.report);
      const names = classes === undefined ? undefined : await classNames(classes);
      const added = await run('Add the model', () =>
        addModel(root, {
          file: resolve(model),
          name: name === undefined ? nameFrom(model, root) : checkModelName(name),
          ...(version !== undefined && { version }),
          ...(features && { features }),
          ...(names && { classes: names }),
          ...(image !== undefined && { image: { size: image === true ? undefined : image } }),
          ...(data !== undefined && { data }),
          ...(target !== undefined && { target }),
          ...(force && { force }),
        }),
      );
      for (const note of added.data?.notes ?? []) context.report.line(note);
      context.print(json === true ? toJson(summary(added)) : description(added, target));
    });
}

function summary({ folder, signature, data, notVerified }: AddedModel): object {
  const { name, version, features, output, examples: recorded } = signature;
  return {
    folder,
    name,
    version,
    task: output.task,
    features: features.map(({ name: feature, dtype, unit, range, choices, nullable }) => {
      return { name: feature, dtype, unit, range, choices, nullable };
    }),
    ...(output.task === 'classifier' && { classes: output.classes }),
    examples: recorded,
    ...(data && {
      data: {
        file: data.file,
        rows: data.rows,
        incomplete: data.incomplete,
        ...(data.agreement && {
          compared: data.agreement.rows,
          asInFile: data.agreement.same,
          meanAbsoluteError: data.agreement.meanAbsoluteError,
        }),
      },
    }),
    ...(notVerified !== undefined && { notVerified }),
  };
}

/** More inputs are not listed. */
const mostShown = 30;

/** Longer requests are cut, and aren't suggested as a command. */
const mostCharacters = 400;

function description(
  {
    folder,
    signature: { name, features, output, examples: recorded },
    weights,
    texts,
    moved,
    changed,
    notVerified = '',
    neverRan,
    stoppedAfter,
    data,
  }: AddedModel,
  target: string | undefined,
): string {
  const [first, second] = recorded;
  const same = first !== undefined && toJson(said(first)) === toJson(second && said(second));
  const request = first === undefined ? '' : toJson(first.input);
  const decodes = features.some(({ decode }) => decode?.image);
  const included =
    changed.length === 0
      ? ''
      : `, which ${changed.join(' and ')} now include${changed.length === 1 ? 's' : ''} in the image`;
  return [
    ...(moved === undefined ? [] : [`moved models/${name} to ${moved}, since it now has several versions`]),
    `${folder}: ${kinds[output.task]} of ${String(features.length)} ${features.length === 1 ? 'feature' : 'features'}`,
    ...(weights.length === 0 ? [] : labelled('weights', `${weights.join(', ')}${included}`)),
    ...inputLines(features, data !== undefined || texts !== undefined || decodes),
    ...(output.task === 'classifier' ? labelled('classes', output.classes.join(', ')) : []),
    ...(output.task === 'tensors' ? labelled('outputs', output.outputs.map(nameAndType).join(', ')) : []),
    ...recorded.map((example) => {
      const prediction = said(example);
      const text = typeof prediction === 'string' ? prediction : toJson(prediction);
      return `  ${cut(toJson(readable(example.input)))} → ${cut(text)}`;
    }),
    '',
    ...(texts === undefined
      ? []
      : [`There is a tokenizer.json, so ${describeGuess(texts)}. Change this in ${folder}/model.json.`]),
    ...agreementLine(data, target),
    ...(stoppedAfter === undefined ? [] : [`Recording examples stopped after ${String(stoppedAfter)} s.`]),
    first === undefined
      ? (neverRan
          ? `No example was recorded. ${notVerified}\nThe model is served without being verified. `
          : 'No example was recorded: no generated input was short enough for a text file and had numbers as ' +
            'outputs.\n') + `Add real examples to ${folder}/model.json.`
      : data !== undefined
        ? `The units, ranges, choices and examples are from ${data.file}. Change them in ${folder}/model.json.`
        : `The inputs are generated${same ? ', and all had the same prediction' : ''}. ` +
          'Replace them with real examples, and add units and\n' +
          `ranges, in ${folder}/model.json.`,
    ...(decodes ? ['', normalizing] : []),
    '',
    'Try:',
    '  npx rhizome up',
    ...(decodes ? [`  npx rhizome predict ${name} photo.jpg`] : []),
    ...(first === undefined || decodes
      ? []
      : [`  npx rhizome predict ${name}${request.length > mostCharacters ? '' : ` --json ${quote([request])}`}`]),
  ].join('\n');
}

/** Nothing in a graph says how the images of its training were prepared. */
const normalizing =
  'If the model was trained with a mean and a deviation, add them to "image" in model.json. ImageNet\'s are\n' +
  '"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225].';

/** Nobody reads an image in base64. */
const readable = (input: Example['input']): Example['input'] =>
  Object.fromEntries(
    Object.entries(input).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > mostCharacters / 4 ? `${value.slice(0, 20)}…` : value,
    ]),
  );

/** Compares the predictions with the file, in a line. */
function agreementLine(data: TrainingData | undefined, target = ''): string[] {
  if (data?.agreement === undefined) return [];
  const { rows, same, meanAbsoluteError: error } = data.agreement;
  if (rows === 0) return [`No row of ${data.file} with a value of ${target} was run.`];
  const of = `${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'} of ${data.file}`;
  if (error !== undefined)
    return [`The mean absolute error is ${String(Number(error.toPrecision(3)))} in the column ${target}, for ${of}.`];
  const right = same ?? 0;
  return [
    `The model predicts ${target} as in the file for ${right.toLocaleString('en')} of ${of} ` +
      `(${String(Math.floor((1000 * right) / rows) / 10)}%).`,
  ];
}

const kinds = {
  classifier: 'a classifier',
  regressor: 'a regressor',
  'anomaly-detector': 'an anomaly detector',
  tensors: 'a model',
} as const;

const nameAndType = (spec: TensorSpec): string => `${spec.name} (${formatType(spec)})`;

/** A line with a label, which wraps beside the label on a terminal. */
const labelled = (label: string, text: string): string[] => columns([[label.padEnd(7), text]], { indent: '  ' });

/** Features of which nothing but the type is known share a line. */
function inputLines(features: readonly Feature[], described: boolean): string[] {
  if (!described) return labelled('inputs', features.map(nameAndType).join(', '));
  const shown = features
    .slice(0, mostShown)
    .map((feature, index) => [
      index === 0 ? 'inputs ' : '',
      feature.name,
      [formatType(feature), ...describeValues(feature)].join(', '),
    ]);
  const more = features.length - mostShown;
  return [...columns(shown, { indent: '  ' }), ...(more > 0 ? [`           … and ${String(more)} more`] : [])];
}

const said = ({ prediction, outputs }: Example): unknown => prediction ?? outputs;

const cut = (text: string): string => (text.length > mostCharacters ? `${text.slice(0, 100)}…` : text);

function parseVersion(value: string): string {
  if (!/^\d{1,18}$/.test(value)) throw new InvalidArgumentError('Expected a number, such as 2.');
  return String(BigInt(value));
}
