import { parse, CsvError, type InfoRecord } from 'csv-parse';
import { pipeline, type Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import type { RowSource, SourceRow } from './row-source.ts';

interface Parsed {
  readonly record: readonly string[];
  readonly info: InfoRecord;
}

/** Reads the rows of a CSV file with a header. Fields are separated by commas, semicolons or tabs. */
export async function csvRows(
  name: string,
  stream: Readable,
  head: string,
): Promise<Omit<RowSource, 'name' | 'share'>> {
  const records = numbered(name, stream, delimiterOf(head));
  const { value: header } = (await records.next()) as IteratorResult<{ readonly fields: readonly string[] }, undefined>;
  const columns = (header?.fields ?? []).map((column) => column.trim());
  const duplicate = columns.find((column, index) => columns.indexOf(column) !== index);
  if (duplicate !== undefined)
    throw new Failure(`The header of ${name} has the column "${duplicate}" twice.`, { hint: 'Rename one of them.' });
  const rows = async function* (): AsyncGenerator<SourceRow> {
    for await (const { fields, at } of records) {
      yield {
        at,
        values: Object.fromEntries(columns.map((column, index) => [column, fields[index] ?? ''])),
        ...(fields.length !== columns.length && {
          problem:
            `has ${String(fields.length)} ${fields.length === 1 ? 'field' : 'fields'}, ` +
            `but the header has ${String(columns.length)}`,
        }),
      };
    }
  };
  return { format: 'csv', unit: 'line', bare: false, columns, rows: rows() };
}

/** Yields each record with the line where it begins. */
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
  // The parser counts a CR LF within quotes as two lines.
  let excess = 0;
  try {
    // Each stream closes the other if it fails; the loop throws the error.
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
    throw new Failure(`${name} is not valid CSV: ${cause.message}`, {
      cause,
      hint: 'A field that begins with a quote must end with one.',
    });
  }
}

/** Detects the delimiter from the header, since column names rarely contain one. */
function delimiterOf(header: string): string {
  if (header.includes('\t')) return '\t';
  return header.includes(';') && !header.includes(',') ? ';' : ',';
}
