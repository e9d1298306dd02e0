import { extname } from 'node:path';
import type { ModelDescription, ModelList } from '../../service/contract/index.ts';
import { paths } from '../../service/contract/index.ts';
import { Failure, UsageError } from '../failure.ts';
import { parseJson, toJson } from '../json.ts';
import { modelPath, predictionsPath, type ProjectModel } from '../project/models.ts';
import { answerRows } from './predict-rows.ts';
import { openRows } from '../row-files/open-rows.ts';
import type { RowSource, SourceRow } from '../row-files/row-source.ts';
import { typed } from '../row-files/parse-field.ts';
import { createWriter, type AnsweredRow, type Format } from '../row-files/writer.ts';
import type { ExecContext } from '../tools/exec.ts';
import { ask, refusal } from './connection.ts';
import { curlLine } from './predict.ts';

export interface PredictFileOptions {
  readonly url: string;
  /** As `wine` or `wine/2`; by default the one that the service takes for POST /predictions. */
  readonly model?: ProjectModel | string;
  /** `-` is standard input. */
  readonly file: string;
  /** @default standard output */
  readonly out?: string;
  /** @default by the name of `out`, else that of `file` */
  readonly format?: Format;
  readonly withInput: boolean;
  /** End at the first row that is refused. */
  readonly stopOnError: boolean;
}

/** Milliseconds in which replicas may be replaced while a long file is sent. */
const patience = 30_000;
/** Of the rows that were refused. */
const mostShown = 10;

/** Sends the rows of a file, and writes what each is answered. @throws Failure where rows were refused, naming the first ones */
export async function predictFile(context: ExecContext, options: PredictFileOptions): Promise<void> {
  const { url, model, file, out, withInput, stopOnError } = options;
  const source = await openRows(file);
  const path = predictionsPath(model);
  const bad: AnsweredRow[] = [];
  const totals = { rows: 0, bad: 0, warned: 0 };
  const asking = {
    toJson:
      source.columns === undefined
        ? (row: SourceRow) => toJson(row.values)
        : await columnsToJson(context, url, model, source, source.columns),
    ask: (body: string) => ask(context, { url, path, body, patience }),
    refusal: (reply: Parameters<typeof refusal>[0]) => refusal(reply, url),
  };

  const writer = createWriter(out, { format: options.format ?? formatOf(out) ?? source.format, source, withInput });
  context.report.step(`Predict the rows of ${source.name} at ${url}${path}`);
  if (source.format === 'json' && source.unit === 'row') context.report.command(curlLine({ url, path, file }));
  const started = performance.now();
  const show = (): void => {
    context.report.progress([progress(totals, source.share(), performance.now() - started)]);
  };
  const live = setInterval(show, process.stderr.isTTY ? 500 : 5000);
  try {
    for await (const batch of answerRows(source.rows, asking)) {
      const end = stopOnError ? batch.findIndex(({ error }) => error !== undefined) : -1;
      const rows = end === -1 ? batch : batch.slice(0, end + 1);
      await writer.write(rows);
      const refused = rows.filter(({ error }) => error !== undefined);
      bad.push(...refused.slice(0, mostShown - bad.length));
      totals.rows += rows.length;
      totals.bad += refused.length;
      totals.warned += rows.filter(({ answer }) => answer?.warnings !== undefined).length;
      if (end !== -1) break;
    }
    await writer.write([]);
  } finally {
    clearInterval(live);
    context.report.progress([]);
    // Of what was broken off, what there is; where there is nothing, no empty file.
    if (writer.begun) await writer.end();
  }
  context.report.done(
    `${summary(totals)}${out === undefined ? '' : `, in ${out}`}`,
    (performance.now() - started) / 1000,
  );
  if (totals.warned > 0)
    context.report.line(
      `${count(totals.warned, 'row')} with values outside of their valid range: the answer's "warnings" in JSON name them.`,
    );
  if (totals.bad > 0) throw refused(source, totals, bad, stopOnError);
}

interface Totals {
  readonly rows: number;
  readonly bad: number;
  readonly warned: number;
}

function refused({ unit, name }: RowSource, totals: Totals, bad: readonly AnsweredRow[], stopped: boolean): Failure {
  const more = totals.bad - bad.length;
  return new Failure(
    stopped
      ? `A row of ${name} was refused, and those after it were not sent.`
      : `${count(totals.bad, 'row')} of ${name} ${totals.bad === 1 ? 'was' : 'were'} refused.`,
    {
      details: [
        ...bad.map(({ row, error = '' }) => `${unit} ${String(row.at)}: ${error}`),
        ...(more > 0 ? [`… and ${String(more)} more: the answers have each`] : []),
      ],
      hint: stopped ? 'Correct it, or leave --stop-on-error out.' : 'Correct them; the others have their answers.',
    },
  );
}

const count = (value: number, what: string): string => `${value.toLocaleString('en')} ${what}${value === 1 ? '' : 's'}`;

const summary = ({ rows, bad }: Totals): string =>
  `${count(rows, 'row')}${bad === 0 ? '' : `, ${bad.toLocaleString('en')} refused`}`;

function progress(totals: Totals, share: number | undefined, milliseconds: number): string {
  const rate = Math.round(totals.rows / Math.max(0.001, milliseconds / 1000));
  return `${share === undefined ? '' : `${String(Math.floor(share * 100))}%, `}${summary(totals)}, ${rate.toLocaleString('en')} a second`;
}

function formatOf(out: string | undefined): Format | undefined {
  const extension = out === undefined ? '' : extname(out).toLowerCase();
  return extension === '.csv' ? 'csv' : extension === '.json' ? 'json' : undefined;
}

/** Of a CSV file's columns those that the model takes, each as its type. @throws UsageError where some are missing */
async function columnsToJson(
  context: ExecContext,
  url: string,
  model: PredictFileOptions['model'],
  { name }: RowSource,
  columns: readonly string[],
): Promise<(row: SourceRow) => string> {
  const { name: called, features } = await describe(context, url, model);
  const missing = features.filter((feature) => !columns.includes(feature.name)).map((feature) => feature.name);
  if (missing.length > 0) {
    throw new UsageError(
      `${name} lacks ${missing.length === 1 ? 'the column' : 'columns that the model takes:'} ${missing.join(', ')}.`,
      {
        details: [
          `${called} takes ${features.map((feature) => feature.name).join(', ')}`,
          `the header has ${columns.join(', ')}`,
        ],
        hint: "Let the first line name the columns by the model's features.",
      },
    );
  }
  const extra = columns.filter((column) => !features.some((feature) => feature.name === column));
  if (extra.length > 0)
    context.report.line(
      `Not sent, since ${called} does not take ${extra.length === 1 ? 'it' : 'them'}: ${extra.join(', ')}`,
    );
  return ({ values }) =>
    toJson(Object.fromEntries(features.map((feature) => [feature.name, typed(feature, String(values[feature.name]))])));
}

async function describe(
  context: ExecContext,
  url: string,
  model: PredictFileOptions['model'],
): Promise<ModelDescription> {
  const get = async (path: string): Promise<unknown> => {
    const reply = await ask(context, { url, path, patience });
    if (reply.status !== 200) throw refusal(reply, url);
    return parseJson(reply.text);
  };
  return (await get(modelPath(model ?? (await onlyModel(get))))) as ModelDescription;
}

async function onlyModel(get: (path: string) => Promise<unknown>): Promise<string> {
  const { models, default: standard } = (await get(paths.models)) as ModelList;
  if (standard !== undefined) return standard;
  const [name, ...others] = new Set(models.map((model) => model.name));
  if (name === undefined)
    throw new Failure('The service has no model.', { hint: '`rhizome status` says what the replicas do.' });
  throw new UsageError(`Which model? ${[name, ...others].join(', ')} are served.`, {
    hint: `Name one: rhizome predict ${name} --file …`,
  });
}
