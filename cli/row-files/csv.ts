import { parse, CsvError, type InfoRecord } from 'csv-parse';
import { pipeline, type Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import type { RowSource, SourceRow } from './row-source.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: InfoRecord;
}

/** Rows of a CSV file by its header; commas, semicolons or tabs between the fields. */
export async function csvRows(
  name: string,
  stream: Readable,
  head: string,
): Promise<Omit<RowSource, 'name' | 'share'>> {
  const records = numbered(name, stream, delimiterOf(head));
  const { value: header } = (await records.next()) as IteratorResult<{ readonly fields: readonly string[] }, undefined>;
  const columns = (header?.fields ?? []).map((column) => column.trim());
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined)
    throw new Failure(`The header of ${name} names the column "${twice}" twice.`, { hint: 'Rename one of them.' });
  const rows = async function* (): AsyncGenerator<SourceRow> {
    for await (const { fields, at } of records) {
      yield {
        at,
        values: Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? ''])),
        ...(fields.length !== columns.length && {
          problem: `has ${String(fields.length)} ${fields.length === 1 ? 'field' : 'fields'}, but the header has ${String(columns.length)}`,
        }),
      };
    }
  };
  return { format: 'csv', unit: 'line', bare: false, columns, rows: rows() };
}

/** Each record with the line where it begins. */
async function* numbered(
  name: string,
  stream: Readable,
  delimiter: string,
): AsyncGenerator<{ readonly fields: readonly string[]; readonly at: number }> {
  const parser = parse({
    bom: true,
    delimiter,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    info: true,
  });
  // The parser counts both characters of a CR LF inside of quotes.
  let excess = 0;
  try {
    // Either end tears the other down; the loop throws what went wrong.
    pipeline(stream, parser, () => undefined);
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      const breaks = record.join('').match(/\r\n|\r|\n/g) ?? [];
      const pairs = breaks.filter((text) => text.length === 2).length;
      const at = info.lines - excess - breaks.length - pairs;
      excess += pairs;
      yield { fields: record, at };
    }
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new Failure(`${name} is no CSV: ${cause.message}`, {
      cause,
      hint: 'A quote that begins a field has to end it too.',
    });
  }
}

/** A header tells: names of columns rarely have any of these in them. */
function delimiterOf(header: string): string {
  if (header.includes('\t')) return '\t';
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
