import { Command } from 'commander';
import { resolve } from 'node:path';
import type { Quality } from '../compare/comparison.ts';
import { digits, shown } from '../compare/format.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { projectModel, type ProjectModel } from '../project/models.ts';
import { compare, type Compared } from '../steps/compare.ts';
import { createSteps } from '../terminal/steps.ts';
import { examples, parseShare, type CommandContext } from './options.ts';

interface CompareFlags {
  readonly with: string;
  readonly file: string;
  readonly label?: string;
  readonly maxChange?: number;
  readonly tolerance: number;
  readonly json?: boolean;
}

export function compareCommand(context: CommandContext): Command {
  return new Command('compare')
    .summary('compare a new model with one of the project')
    .description('run a new model and one of the project on the same rows, and show which predictions change')
    .argument('<file>', "file of the new model; it is read with the names of the other's model.json")
    .requiredOption('--with <model>', 'model of the project, such as wine or wine/2')
    .requiredOption('--file <file>', 'rows that neither was trained on: CSV with a header, or JSON; - reads stdin')
    .option('--label <column>', 'column with the correct class or number')
    .option('--max-change <share>', 'fail if more predictions change, such as 1% or 0.01', parseShare)
    .option(
      '--tolerance <share>',
      'largest relative difference of two numbers that count as the same',
      parseShare,
      1e-4,
    )
    .option('--json', 'print {"rows", "changed", "share", "changes", "largest", "before", "after"}')
    .addHelpText(
      'after',
      examples(
        'rhizome compare new.onnx --with wine --file holdout.csv --max-change 1%',
        'rhizome compare new.onnx --with houses/2 --file holdout.csv --label price',
      ) +
        '\n\nExit code: 1 if more predictions change than --max-change allows.\n' +
        'Both models run in this process: nothing needs to be up.',
    )
    .action(async (file: string, flags: CompareFlags) => {
      const model = await projectModel(context.root, flags.with);
      const { run } = createSteps(context.report);
      const { label, tolerance, maxChange } = flags;
      const compared = await run('Compare the models', () =>
        compare(context, {
          file: resolve(file),
          model,
          holdout: flags.file,
          tolerance,
          ...(label !== undefined && { label }),
        }),
      );
      context.print(flags.json === true ? toJson(summary(compared)) : description(file, model, compared));
      const { changed, rows, share } = compared.comparison;
      if (maxChange !== undefined && share > maxChange) {
        throw new Failure(
          `${String(changed)} of ${String(rows)} predictions change (${percent(share)}), ` +
            `but --max-change allows ${percent(maxChange)}.`,
          { hint: 'Keep the old model, or raise --max-change if the change is intended.' },
        );
      }
    });
}

function summary({ comparison, unit, latency }: Compared): object {
  const { rows, changed, share, changes, largest, quality } = comparison;
  const place = ({ at, ...rest }: { readonly at: number }): object => ({ [unit]: at, ...rest });
  return {
    rows,
    changed,
    share,
    changes: changes.map(place),
    ...(largest && { largest: place(largest) }),
    before: { ...quality?.before, latency_ms: latency.before },
    after: { ...quality?.after, latency_ms: latency.after },
  };
}

function description(file: string, { folder }: ProjectModel, { comparison, unit, latency }: Compared): string {
  const { rows, changed, share, changes, largest, quality } = comparison;
  const lines = changes.map(({ at, before, after }) => `  ${unit} ${String(at)}: ${shown(before)} → ${shown(after)}`);
  return [
    `models/${folder} → ${file}, ${String(rows)} rows`,
    `predictions that change: ${String(changed)} (${percent(share)})`,
    ...lines,
    ...(changed > changes.length ? ['  …'] : []),
    ...(largest === undefined
      ? []
      : [
          `largest difference: ${digits(largest.difference)}, ${unit} ${String(largest.at)}: ` +
            `${largest.what} ${digits(largest.before)} → ${digits(largest.after)}`,
        ]),
    ...(quality === undefined ? [] : qualities(quality)),
    `time per row: p50 ${String(latency.before.p50)} → ${String(latency.after.p50)} ms, ` +
      `p99 ${String(latency.before.p99)} → ${String(latency.after.p99)} ms`,
  ].join('\n');
}

function qualities({ before, after }: { readonly before: Quality; readonly after: Quality }): string[] {
  const of = (name: string, a: number | undefined, b: number | undefined): string[] =>
    a === undefined || b === undefined ? [] : [`${name}: ${digits(a)} → ${digits(b)}`];
  return [
    ...of('accuracy', before.accuracy, after.accuracy),
    ...of('root mean squared error', before.rmse, after.rmse),
    ...of('mean absolute error', before.mae, after.mae),
  ];
}

const percent = (share: number): string => `${Number((share * 100).toPrecision(3)).toString()} %`;
