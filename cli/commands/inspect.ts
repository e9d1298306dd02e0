import { Command } from 'commander';
import { classNumbers } from '../../onnx/batch/decode-predictions.ts';
import type { GraphDescription, ValueDescription } from '../../onnx/description.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { formatType } from '../../onnx/signature/tensor-spec.ts';
import { Failure } from '../failure.ts';
import { describeGuess } from '../steps/find-tokenizer.ts';
import { inspect, type Inspection } from '../steps/inspect.ts';
import { columns } from '../terminal/columns.ts';
import { describeValues } from '../terminal/describe-values.ts';
import { escapeControls, printable } from '../terminal/printable.ts';
import { quote } from '../tools/quote.ts';
import { examples, type CommandContext } from './options.ts';

export function inspectCommand(context: CommandContext): Command {
  return new Command('inspect')
    .summary('show what a model file contains')
    .description('show the inputs, outputs and operators of a model, and how it will be served or why it cannot be')
    .argument('<file>', 'file that your training library exported, or its folder')
    .option('--json', 'print {"file", "bytes", "servable", "reason", "notVerified", "model", "signature"}')
    .addHelpText(
      'after',
      examples('rhizome inspect model.onnx', 'rhizome inspect models/iris --json') +
        '\n\nExit code: 1 if the model cannot be served.',
    )
    .action(async (path: string, { json }: { readonly json?: boolean }) => {
      const inspection = await inspect(path);
      const { file, description, reason } = inspection;
      // Escaped in JSON, too, they are the same to a program.
      if (json === true) context.print(escapeControls(JSON.stringify(summary(inspection))));
      else if (description !== undefined) context.print(text(visible(inspection), visible(description)));
      if (reason !== undefined) throw new Failure(printable(`${file} cannot be served: ${reason}`));
    });
}

/** Makes what a terminal would obey visible in all texts of a model. Only descriptions keep their lines. */
function visible<T>(value: T, key?: string): T {
  if (typeof value === 'string') return (key === 'description' ? printable(value) : escapeControls(value)) as T;
  if (Array.isArray(value)) return value.map((each: unknown) => visible(each)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]: [string, unknown]) => [escapeControls(name), visible(each, name)]),
  ) as T;
}

function summary({ file, bytes, description, signature, reason, notVerified }: Inspection): object {
  return {
    file,
    bytes,
    servable: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(notVerified !== undefined && { notVerified }),
    ...(description && { model: { ...description, classes: description.classes?.map(label) } }),
    ...(signature && { signature: signatureSummary(signature) }),
  };
}

function signatureSummary({
  name,
  version,
  batching,
  features,
  outputs,
  output,
  examples: recorded,
}: Signature): object {
  return {
    name,
    version,
    task: output.task,
    batching,
    features: features.map((feature) => ({
      name: feature.name,
      type: formatType(feature),
      input: feature.input,
      column: feature.column,
      unit: feature.unit,
      range: feature.range,
      choices: feature.choices,
      nullable: feature.nullable,
      description: feature.description,
    })),
    ...(output.task === 'classifier' && { classes: output.classes }),
    outputs: outputs.map(({ name: of, ...type }) => ({ name: of, type: formatType(type) })),
    examples: recorded.length,
  };
}

/** Returns a label as JSON can hold it: numbers up to 2^53 are exact. */
const label = (value: bigint | string): number | string =>
  typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : String(value);

function text(inspection: Inspection, model: GraphDescription): string {
  const { file, bytes, signature, reason, notVerified = '', neverRan = false, texts } = inspection;
  const exporter = [model.producer || 'an unnamed exporter', model.producerVersion].join(' ').trim();
  const opsets = Object.entries(model.opsets).map(([domain, version]) => `${domain} ${String(version)}`);
  return [
    `${file}: ${size(bytes)}${model.weights > 0 ? `, ${counted(model.weights, 'weight')}` : ''}`,
    `  by ${exporter}, IR version ${String(model.irVersion)}, opset ${opsets.join(', ')}`,
    ...indented(model.description),
    ...Object.entries(model.externalData).map(([name, needed]) => `  weights in ${name}: ${size(needed)}`),
    ...section('Inputs', model.inputs.map(value)),
    ...section('Outputs', model.outputs.map(value)),
    ...section(
      'Operators',
      Object.entries(model.operators).map(([name, count]) => [name, String(count)]),
    ),
    ...section(
      'Metadata',
      Object.entries(model.metadata).map(([name, each]) => [name, cut(each)]),
    ),
    ...(model.classes === undefined ? [] : ['', `Classes: ${shortened(model.classes.map(String))}`]),
    ...(signature === undefined ? [] : served(signature)),
    ...(reason === undefined && signature !== undefined
      ? [
          '',
          ...(texts === undefined || signature.features.some(({ decode }) => decode !== undefined)
            ? []
            : [`There is a tokenizer.json: once the model is added, ${describeGuess(texts)}.`]),
          ...(neverRan ? [`Not verified: ${notVerified}`, 'Requests may show that it runs on real inputs.'] : []),
          signature.examples.length === 0
            ? `This model can be served: npx rhizome add ${quote([file])} --name NAME`
            : 'This model can be served, and reproduces the examples of its model.json.',
        ]
      : []),
  ].join('\n');
}

const batchings = {
  batched: 'the rows of a batch share one run',
  'per-row': 'each row is a run of its own',
  unbatched: 'each request is one run',
} as const;

const kinds = {
  classifier: 'a classifier',
  regressor: 'a regressor',
  'anomaly-detector': 'an anomaly detector',
  tensors: 'a model with tensor outputs',
} as const;

function served({ name, version, batching, features, output, outputs }: Signature): string[] {
  const answers =
    output.task === 'classifier'
      ? [
          ['prediction', shortened(output.classes)],
          ...(output.probabilities === undefined ? [] : [[classNumbers(output), 'of each class']]),
        ]
      : output.task === 'regressor'
        ? [['prediction', 'a number']]
        : output.task === 'anomaly-detector'
          ? [
              ['prediction', '-1 or 1'],
              ['score', 'a number'],
            ]
          : outputs.map((each) => [each.name, formatType(each)]);
  const shown = features
    .slice(0, mostShown)
    .map((feature) => [
      feature.name,
      [formatType(feature), ...describeValues(feature), feature.description]
        .filter((part) => part !== undefined)
        .join(', '),
    ]);
  return [
    '',
    `Served as ${name} ${version}, ${kinds[output.task]} (${batchings[batching]})`,
    ...columns(
      [
        ...shown.map((row) => ['input', ...row]),
        ...(features.length > mostShown ? [['', `… and ${String(features.length - mostShown)} more`]] : []),
        ...answers.map((row) => ['output', ...row]),
      ],
      { indent: '  ' },
    ),
  ];
}

const mostShown = 30;

const value = ({ name, type, description }: ValueDescription): string[] => [
  name,
  type,
  description.replaceAll(/\s+/g, ' '),
];

function section(title: string, rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const more = rows.length - mostShown;
  return [
    '',
    title,
    ...columns(rows.slice(0, mostShown), { indent: '  ' }),
    ...(more > 0 ? [`  … and ${String(more)} more: --json has all`] : []),
  ];
}

/** A longer text is for programs: some exporters write the whole training log into the metadata. */
const mostCharacters = 200;

const cut = (value: string): string =>
  value.length > mostCharacters ? `${value.slice(0, mostCharacters)}… (--json has all)` : value;

function indented(paragraph: string): string[] {
  if (paragraph.trim() === '') return [];
  const lines = paragraph.trim().split('\n');
  return [
    ...lines.slice(0, mostShown).map((line) => `  ${cut(line.trim())}`),
    ...(lines.length > mostShown ? [`  … and ${counted(lines.length - mostShown, 'more line')}: --json has all`] : []),
  ];
}

const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;

function shortened(names: readonly string[]): string {
  return names.length > mostShown
    ? `${names.slice(0, mostShown).join(', ')}, … (${String(names.length)})`
    : names.join(', ');
}

function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  return `${power === 0 ? String(bytes) : (bytes / 1000 ** power).toPrecision(3)} ${units[power] ?? ''}`;
}
