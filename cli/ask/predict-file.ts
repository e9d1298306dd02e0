import { extname } from 'node:path';
import type { Client } from '../../client/index.ts';
import type { ModelDescription, ModelList } from '../../service/contract/index.ts';
import { paths } from '../../service/contract/index.ts';
import { Failure, UsageError } from '../failure.ts';
import { toJson } from '../json.ts';
import { modelPath, predictionsPath, type ProjectModel } from '../project/models.ts';
import { matchColumns } from '../row-files/match-columns.ts';
import { openRows } from '../row-files/open-rows.ts';
import { parseField } from '../row-files/parse-field.ts';
import type { RowSource, SourceRow } from '../row-files/row-source.ts';
import { createWriter, type RowFormat, type RowResult } from '../row-files/writer.ts';
import { isTerminal } from '../terminal/style.ts';
import type { ExecContext } from '../tools/exec.ts';
import { asFailure, connect, orFailure, patient } from './connection.ts';
import { curlLine } from './predict.ts';
import { predictRows, type RowPredictor } from './predict-rows.ts';

export interface PredictFileOptions {
  readonly url: string;
  /** Such as `wine` or `wine/2`. @default the model that serves POST /predictions */
  readonly model?: ProjectModel | string;
  /** `-` is standard input. */
  readonly file: string;
  /** @default standard output */
  readonly out?: string;
  /** @default by the extension of `out`, otherwise the format of `file` */
  readonly format?: RowFormat;
  /** Also writes the columns of `file`. */
  readonly withInput: boolean;
  /** Ends at the first rejected row. */
  readonly stopOnError: boolean;
}

/** How many rejected rows are listed. */
const maxListed = 10;

/**
 * Sends the rows of a file and writes their predictions.
 * @throws {Failure} if rows were rejected, listing the first ones
 */
export async function predictFile(context: ExecContext, options: PredictFileOptions): Promise<void> {
  const { url, model, file, out, withInput, stopOnError } = options;
  const client = connect(context, url);
  const source = await openRows(file);
  const path = predictionsPath(model);
  const rejected: RowResult[] = [];
  const totals = { rows: 0, rejected: 0, warned: 0 };
  const predictor: RowPredictor = {
    toJson:
      source.columns === undefined
        ? (row) => toJson(row.values)
        : encoderOf(context, await orFailure(url, describe(client, model)), source, source.columns),
    send: (body) => client.request(path, { ...patient, body }),
  };

  const writer = createWriter(out, { format: options.format ?? formatOf(out) ?? source.format, source, withInput });
  context.report.step(`Predict the rows of ${source.name} at ${url}${path}`);
  if (source.format === 'json' && source.unit === 'row') context.report.command(curlLine({ url, path, file }));
  const started = performance.now();
  const showProgress = (): void => {
    context.report.progress([progress(totals, source.share(), performance.now() - started)]);
  };
  const timer = setInterval(showProgress, isTerminal(process.stderr) ? 500 : 5000);
  try {
    for await (const batch of predictRows(source.rows, predictor)) {
      const end = stopOnError ? batch.findIndex(({ error }) => error !== undefined) : -1;
      const results = end === -1 ? batch : batch.slice(0, end + 1);
      await writer.write(results);
      const failed = results.filter(({ error }) => error !== undefined);
      rejected.push(...failed.slice(0, maxListed - rejected.length));
      totals.rows += results.length;
      totals.rejected += failed.length;
      totals.warned += results.filter(({ prediction }) => prediction?.warnings !== undefined).length;
      if (end !== -1) break;
    }
    await writer.write([]);
  } catch (error) {
    throw asFailure(error, url);
  } finally {
    clearInterval(timer);
    context.report.progress([]);
    // Keeps the predictions so far; without any, leaves no empty file.
    if (writer.begun) await writer.end();
  }
  context.report.done(
    `${summary(totals)}${out === undefined ? '' : `, in ${out}`}`,
    (performance.now() - started) / 1000,
  );
  if (totals.warned > 0)
    context.report.line(
      `${count(totals.warned, 'row')} had values outside their valid range or choices. ` +
        '"warnings" in the JSON output names them.',
    );
  if (totals.rejected > 0) throw rejectedFailure(source, totals.rejected, rejected, stopOnError);
}

interface Totals {
  readonly rows: number;
  readonly rejected: number;
}

function rejectedFailure(
  { unit, name }: RowSource,
  total: number,
  listed: readonly RowResult[],
  stopped: boolean,
): Failure {
  const more = total - listed.length;
  return new Failure(
    stopped
      ? `A row of ${name} was rejected, and those after it were not sent.`
      : `${count(total, 'row')} of ${name} ${total === 1 ? 'was' : 'were'} rejected.`,
    {
      details: [
        ...listed.map(({ row, error = '' }) => `${unit} ${String(row.at)}: ${error}`),
        ...(more > 0 ? [`… and ${String(more)} more: see the output`] : []),
      ],
      hint: stopped
        ? 'Correct the row, or omit --stop-on-error.'
        : 'Correct these rows. All others have their predictions.',
    },
  );
}

const count = (value: number, what: string): string => `${value.toLocaleString('en')} ${what}${value === 1 ? '' : 's'}`;

const summary = ({ rows, rejected }: Totals): string =>
  `${count(rows, 'row')}${rejected === 0 ? '' : `, ${rejected.toLocaleString('en')} rejected`}`;

function progress(totals: Totals, share: number | undefined, milliseconds: number): string {
  const rate = Math.round(totals.rows / Math.max(0.001, milliseconds / 1000));
  const percent = share === undefined ? '' : `${String(Math.floor(share * 100))}%, `;
  return `${percent}${summary(totals)}, ${rate.toLocaleString('en')} per second`;
}

function formatOf(out: string | undefined): RowFormat | undefined {
  const extension = out === undefined ? '' : extname(out).toLowerCase();
  return extension === '.csv' ? 'csv' : extension === '.json' ? 'json' : undefined;
}

/**
 * Returns a function that encodes rows of a CSV file: the columns that are features of the model, by their types.
 * @throws {UsageError} if columns are missing
 */
function encoderOf(
  context: ExecContext,
  { name: model, features }: ModelDescription,
  { name }: RowSource,
  columns: readonly string[],
): RowPredictor['toJson'] {
  // A file without the columns of an optional input leaves it out of every row.
  const sent = features.filter((feature) => !feature.optional || columns.includes(feature.name));
  const matched = matchColumns(
    name,
    columns,
    sent.map((feature) => feature.name),
    model,
  );
  if (matched.similar !== undefined) context.report.line(matched.similar);
  const { others } = matched;
  if (others.length > 0)
    context.report.line(
      `Not sent, since ${others.length === 1 ? 'it is not a feature' : 'they are not features'} of ${model}: ` +
        others.join(', '),
    );
  return ({ values }: SourceRow) =>
    toJson(
      Object.fromEntries(
        sent.map((feature) => [
          feature.name,
          parseField(feature, String(values[matched.columns.get(feature.name) ?? feature.name])),
        ]),
      ),
    );
}

async function describe(client: Client, model: PredictFileOptions['model']): Promise<ModelDescription> {
  return (await client.request(modelPath(model ?? (await onlyModel(client))), patient)) as ModelDescription;
}

async function onlyModel(client: Client): Promise<string> {
  const { models, default: defaultModel } = (await client.request(paths.models, patient)) as ModelList;
  if (defaultModel !== undefined) return defaultModel;
  const [name, ...others] = new Set(models.map((model) => model.name));
  if (name === undefined)
    throw new Failure('The service has no models.', { hint: '`rhizome status` shows the state of the replicas.' });
  throw new UsageError(`Which model? The service has ${[name, ...others].join(', ')}.`, {
    hint: `Name one, as in: rhizome predict ${name} --file …`,
  });
}
