import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenizersIn } from '../../onnx/file/repository-files.ts';
import type { Model } from '../../onnx/model.ts';
import { Comparison } from '../compare/comparison.ts';
import { holdoutRows, type HoldoutRow, type Signatures } from '../compare/rows.ts';
import { Failure, reasonOf, UsageError } from '../failure.ts';
import { nearestRank } from '../load/report.ts';
import type { ProjectModel } from '../project/models.ts';
import { openRows } from '../row-files/open-rows.ts';
import type { ExecContext } from '../tools/exec.ts';
import { copyModel } from './copy-model.ts';
import { loadRuntime } from './load-engine.ts';

export interface CompareOptions {
  /** The file of the new model. */
  readonly file: string;
  readonly model: ProjectModel;
  /** A file with rows that neither model was trained on. */
  readonly holdout: string;
  /** The column with the true values. @default none: the quality is not compared */
  readonly label?: string;
  /** How far a number may be from the old one, relative to it, and still count as unchanged. */
  readonly tolerance: number;
}

/** The time of a prediction of one row, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export interface Compared {
  readonly comparison: Comparison;
  readonly unit: 'line' | 'row';
  readonly latency: { readonly before: Latency; readonly after: Latency };
}

/** How many rows run before times are measured, since a model's first runs take longer. */
const warmUp = 10;

/** Runs both models in this process, row by row. The new one gets the names of the other's model.json. */
export async function compare(
  context: ExecContext,
  { file, model, holdout, label, tolerance }: CompareOptions,
): Promise<Compared> {
  const [{ Model: models }, { readModelJson }, engine] = await Promise.all([
    import('../../onnx/model.ts'),
    import('../../onnx/signature/model-json.ts'),
    loadRuntime(),
  ]);
  const folder = join(context.root, 'models', model.folder);
  const draft = join(context.root, '.rhizome', `compare-${String(process.pid)}`);
  const loaded: Model[] = [];
  const load = async (from: string, name: string): Promise<Model> => {
    try {
      const one = await models.load(from, engine, { threads: 1 }, { name: model.name, version: model.version });
      loaded.push(one);
      return one;
    } catch (cause) {
      throw new Failure(`${name} cannot be served: ${reasonOf(cause)}`, {
        cause,
        hint:
          from === draft
            ? `It is loaded with models/${model.folder}/model.json: check that it has the same inputs and outputs.`
            : '`rhizome inspect` describes the model.',
      });
    }
  };
  try {
    await mkdir(draft, { recursive: true });
    await copyModel(file, draft);
    for (const name of tokenizersIn(folder)) await cp(join(folder, name), join(draft, name), { dereference: true });
    const { examples, ...names } = await readModelJson(join(folder, 'model.json'));
    await writeFile(join(draft, 'model.json'), JSON.stringify(names));
    const before = await load(folder, `models/${model.folder}`);
    const after = await load(draft, file);
    const signatures = { before: before.signature, after: after.signature };
    checkComparable(signatures, file, label);
    const source = await openRows(holdout);
    const rows = await holdoutRows(source, signatures, label, (line) => {
      context.report.line(line);
    });
    checkLabels(signatures, rows, label, source.name);
    return { unit: source.unit, ...(await run(context, before, after, rows, tolerance, source.unit)) };
  } finally {
    for (const one of loaded) await one.release();
    await rm(draft, { recursive: true, force: true });
  }
}

function checkComparable({ before, after }: Signatures, file: string, label: string | undefined): void {
  const names = (of: Signatures['before']): string =>
    of.features
      .map(({ name }) => name)
      .toSorted()
      .join(', ');
  if (names(before) !== names(after))
    throw new Failure(
      `The models have different features: ${before.name} has ${names(before)}; ${file} has ${names(after)}.`,
      { hint: 'Name the features in model.json, or export the new model with the names of the old one.' },
    );
  if (before.output.task !== after.output.task)
    throw new Failure(
      `The models have different tasks: ${before.name} is a ${before.output.task}, ${file} a ${after.output.task}.`,
      { hint: '`rhizome inspect` shows the outputs of each.' },
    );
  if (label !== undefined && before.output.task === 'tensors')
    throw new UsageError(
      `--label does not apply to ${before.name}: its outputs are tensors, not a single value to compare.`,
      {
        hint: 'Omit --label.',
      },
    );
}

/**
 * A label that is not a class counts as an error of both models. If no label is a class, the column is the wrong one.
 */
function checkLabels(
  { before: { output } }: Signatures,
  rows: readonly HoldoutRow[],
  column: string | undefined,
  file: string,
): void {
  if (
    output.task !== 'classifier' ||
    column === undefined ||
    rows.some(({ label }) => output.classes.includes(String(label)))
  )
    return;
  throw new UsageError(
    `The column ${column} of ${file} contains none of the classes ${output.classes.join(', ')}: ` +
      `its first value is ${String(rows[0]?.label)}.`,
    { hint: 'Pass the column with the classes as --label.' },
  );
}

async function run(
  { report, signal }: ExecContext,
  before: Model,
  after: Model,
  rows: readonly HoldoutRow[],
  tolerance: number,
  unit: string,
): Promise<Omit<Compared, 'unit'>> {
  const comparison = new Comparison(tolerance);
  const times = { before: [] as number[], after: [] as number[] };
  const predict = async (model: Model, what: 'before' | 'after', row: HoldoutRow) => {
    const started = performance.now();
    const [prediction = {}] = await model.predict([row[what]]).catch((cause: unknown) => {
      throw new Failure(
        `The ${what === 'before' ? 'old' : 'new'} model failed on ${unit} ${String(row.at)}: ` +
          (cause instanceof Error ? cause.message : String(cause)),
        { cause },
      );
    });
    times[what].push(performance.now() - started);
    return prediction;
  };
  for (const row of rows.slice(0, warmUp))
    await Promise.all([predict(before, 'before', row), predict(after, 'after', row)]);
  times.before.length = times.after.length = 0;

  let reportedAt = performance.now();
  for (const [index, row] of rows.entries()) {
    signal.throwIfAborted();
    // The two models take turns in running first, so that neither always has the warmer caches.
    const later = index % 2 === 0 ? undefined : await predict(after, 'after', row);
    const earlier = await predict(before, 'before', row);
    comparison.add({
      at: row.at,
      before: earlier,
      after: later ?? (await predict(after, 'after', row)),
      ...(row.label !== undefined && { label: row.label }),
    });
    if (performance.now() - reportedAt < 2000) continue;
    reportedAt = performance.now();
    report.share((index + 1) / rows.length);
    report.progress([`${String(index + 1)} of ${String(rows.length)} rows, ${String(comparison.changed)} changed`]);
  }
  report.progress([]);
  return { comparison, latency: { before: latency(times.before), after: latency(times.after) } };
}

/** Rounds to microseconds. */
function latency(times: readonly number[]): Latency {
  const ascending = times.toSorted((a, b) => a - b);
  const rank = (share: number): number => Math.round(nearestRank(ascending, share) * 1000) / 1000;
  return { p50: rank(0.5), p99: rank(0.99) };
}
