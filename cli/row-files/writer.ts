import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { PredictionResponse } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import type { RowSource, SourceRow } from './row-source.ts';

export const formats = ['csv', 'json'] as const;
export type RowFormat = (typeof formats)[number];

/** A row with its prediction, or with the reason why it has none. */
export interface RowResult {
  readonly row: SourceRow;
  /** The service's response for this row. */
  readonly prediction?: Partial<PredictionResponse>;
  readonly error?: string;
}

export interface RowWriter {
  /** Writes results. The first call creates the file. */
  write(results: readonly RowResult[]): Promise<void>;
  /** Whether `write` was called. */
  readonly begun: boolean;
  /** Completes the file. Nothing can be written after it. */
  end(): Promise<void>;
}

export interface WriterOptions {
  readonly format: RowFormat;
  readonly source: Pick<RowSource, 'unit' | 'bare'>;
  /** Also writes the columns of the source. */
  readonly withInput: boolean;
}

/** Creates a writer of results, those without a prediction too: as CSV, or as a JSON array with one row per line. */
export function createWriter(out: string | undefined, options: WriterOptions): RowWriter {
  let opened: Writable | undefined;
  const write = async (text: string): Promise<void> => {
    const stream = (opened ??= out === undefined ? process.stdout : await create(out));
    if (text !== '' && !stream.write(text)) await once(stream, 'drain');
  };
  const lines = options.format === 'csv' ? csv(options) : json(options);
  const failed = (cause: unknown): never => {
    throw new Failure(
      `Cannot write ${out ?? 'to standard output'}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  };
  return {
    get begun() {
      return opened !== undefined;
    },
    write: (results) => write(results.map((result) => lines.row(result)).join('')).catch(failed),
    async end() {
      await write(lines.end()).catch(failed);
      if (out === undefined || opened === undefined) return;
      opened.end();
      await finished(opened).catch(failed);
    },
  };
}

async function create(out: string): Promise<Writable> {
  const stream = createWriteStream(out);
  await once(stream, 'open');
  return stream;
}

interface Lines {
  row(result: RowResult): string;
  end(): string;
}

function json({ source: { unit, bare }, withInput }: WriterOptions): Lines {
  let count = 0;
  let first = '';
  return {
    row({ row, prediction, error }) {
      const text = toJson({
        ...(prediction === undefined ? { [unit]: row.at, error } : prediction),
        ...(withInput && { input: row.values }),
      });
      // The first row waits: if it is the only one, it may have to be written without an array.
      if (count++ === 0) first = text;
      return count === 1 ? '' : `${count === 2 ? `[\n${first}` : ''},\n${text}`;
    },
    end() {
      if (count > 1) return '\n]\n';
      return bare && count === 1 ? `${first}\n` : `[${first}]\n`;
    },
  };
}

function csv({ source: { unit }, withInput }: WriterOptions): Lines {
  let columns: readonly string[] | undefined;
  let waiting: RowResult[] = [];
  const record = ({ row, prediction, error }: RowResult, names: readonly string[]): string => {
    const values = new Map<string, unknown>([
      ...(withInput ? Object.entries(row.values) : []),
      ...(prediction === undefined ? [] : flat(prediction)),
      [unit, row.at],
      ['error', error],
    ]);
    return line(names.map((name) => values.get(name)));
  };
  const begin = (first: RowResult | undefined): string => {
    const input = withInput ? Object.keys((waiting[0] ?? first)?.row.values ?? {}) : [];
    const names = (columns = [
      ...new Set([
        unit,
        ...input,
        ...(first?.prediction === undefined ? ['prediction'] : flat(first.prediction).map(([name]) => name)),
        'error',
      ]),
    ]);
    const text = line(names) + waiting.map((row) => record(row, names)).join('');
    waiting = [];
    return text;
  };
  return {
    row(result) {
      if (columns !== undefined) return record(result, columns);
      waiting.push(result);
      // The first prediction determines the columns.
      return result.prediction === undefined ? '' : begin(result);
    },
    end: () => (columns === undefined ? begin(undefined) : ''),
  };
}

/** Returns a prediction's values by their paths in its JSON: `prediction`, `probabilities.setosa`, … */
function flat({
  prediction,
  probabilities = {},
  scores = {},
  score,
  outputs = {},
}: Partial<PredictionResponse>): (readonly [string, unknown])[] {
  return [
    ...(prediction === undefined ? [] : [['prediction', prediction] as const]),
    ...Object.entries(probabilities).map(([name, value]) => [`probabilities.${name}`, value] as const),
    ...Object.entries(scores).map(([name, value]) => [`scores.${name}`, value] as const),
    ...(score === undefined ? [] : [['score', score] as const]),
    ...Object.entries(outputs).map(([name, value]) => [`outputs.${name}`, value] as const),
  ];
}

const line = (values: readonly unknown[]): string => `${values.map(field).join(',')}\n`;

/** Formats a field of a CSV file (RFC 4180); arrays as JSON. */
function field(value: unknown): string {
  const text = value === undefined || value === null ? '' : typeof value === 'string' ? value : toJson(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
