import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import type { RowSource, SourceRow } from './row-source.ts';

export const formats = ['csv', 'json'] as const;
export type Format = (typeof formats)[number];

/** What the service says of a row. */
export interface Answer {
  readonly prediction?: unknown;
  readonly probabilities?: Readonly<Record<string, unknown>>;
  readonly score?: unknown;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly warnings?: readonly unknown[];
}

/** A row with its answer, or with why there is none. */
export interface AnsweredRow {
  readonly row: SourceRow;
  readonly answer?: Answer;
  readonly error?: string;
}

export interface RowWriter {
  /** The first time makes the file. */
  write(rows: readonly AnsweredRow[]): Promise<void>;
  /** Whether anything was written, be it nothing. */
  readonly begun: boolean;
  /** Nothing can be written after it. */
  end(): Promise<void>;
}

export interface WriterOptions {
  readonly format: Format;
  readonly source: Pick<RowSource, 'unit' | 'bare'>;
  /** Also writes the columns that came. */
  readonly withInput: boolean;
}

/** Writes answers in the order of their rows, a row that has none too: as CSV, or as a JSON array with a row a line. */
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
    write: (rows) => write(rows.map((row) => lines.row(row)).join('')).catch(failed),
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
  row(row: AnsweredRow): string;
  end(): string;
}

function json({ source: { unit, bare }, withInput }: WriterOptions): Lines {
  let count = 0;
  let first = '';
  return {
    row({ row, answer, error }) {
      const text = toJson({
        ...(answer === undefined ? { [unit]: row.at, error } : answer),
        ...(withInput && { input: row.values }),
      });
      // The first one waits: by itself it may have no array around it.
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
  let waiting: AnsweredRow[] = [];
  const record = ({ row, answer, error }: AnsweredRow, names: readonly string[]): string => {
    const values = new Map<string, unknown>([
      ...(withInput ? Object.entries(row.values) : []),
      ...(answer === undefined ? [] : flat(answer)),
      [unit, row.at],
      ['error', error],
    ]);
    return line(names.map((name) => values.get(name)));
  };
  const begin = (shown: AnsweredRow | undefined): string => {
    const input = withInput ? Object.keys((waiting[0] ?? shown)?.row.values ?? {}) : [];
    const names = (columns = [
      ...new Set([
        unit,
        ...input,
        ...(shown?.answer === undefined ? ['prediction'] : flat(shown.answer).map(([name]) => name)),
        'error',
      ]),
    ]);
    const text = line(names) + waiting.map((row) => record(row, names)).join('');
    waiting = [];
    return text;
  };
  return {
    row(row) {
      if (columns !== undefined) return record(row, columns);
      waiting.push(row);
      // Which columns there are, an answer tells.
      return row.answer === undefined ? '' : begin(row);
    },
    end: () => (columns === undefined ? begin(undefined) : ''),
  };
}

/** `prediction`, `probabilities.setosa`, …: the paths of an answer's JSON. */
function flat({ prediction, probabilities = {}, score, outputs = {} }: Answer): (readonly [string, unknown])[] {
  return [
    ...(prediction === undefined ? [] : [['prediction', prediction] as const]),
    ...Object.entries(probabilities).map(([name, value]) => [`probabilities.${name}`, value] as const),
    ...(score === undefined ? [] : [['score', score] as const]),
    ...Object.entries(outputs).map(([name, value]) => [`outputs.${name}`, value] as const),
  ];
}

const line = (values: readonly unknown[]): string => `${values.map(field).join(',')}\n`;

/** RFC 4180. What is no scalar is written as JSON. */
function field(value: unknown): string {
  const text = value === undefined || value === null ? '' : typeof value === 'string' ? value : toJson(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
