import { createInterface } from 'node:readline';
import { text as readAll } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import { parseJson, toJson } from '../json.ts';
import type { RowSource, SourceRow } from './row-source.ts';

type Rows = Omit<RowSource, 'name' | 'share'>;

/** Reads rows from JSON: an array of objects, a single object, `{"columns": {…}}`, or one object per line. */
export async function jsonRows(name: string, stream: Readable, head: string): Promise<Rows> {
  // An object that ends on the first line is followed by one per line, or is the whole file.
  const first = parsed(head);
  if (isObject(first) && columnsOf(first) === undefined)
    return { format: 'json', unit: 'line', bare: true, rows: lines(stream) };
  const text = (await readAll(stream)).replace(/^\uFEFF/, '');
  const whole = parsed(text);
  if (whole === undefined)
    throw new Failure(`${name} is not valid JSON: ${syntaxError(text)}`, {
      hint: 'Expected an array of objects, a single object, {"columns": {…}}, or one object per line.',
    });
  const columns = columnsOf(whole);
  const rows = columns === undefined ? ([whole].flat() as unknown[]) : transposed(name, columns);
  return { format: 'json', unit: 'row', bare: !Array.isArray(whole) && columns === undefined, rows: listed(rows) };
}

/* eslint-disable-next-line @typescript-eslint/require-await -- the same type as a stream's rows */
async function* listed(rows: readonly unknown[]): AsyncGenerator<SourceRow> {
  for (const [index, row] of rows.entries()) yield toRow(index + 1, row);
}

async function* lines(stream: Readable): AsyncGenerator<SourceRow> {
  let at = 0;
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
      at++;
      const text = line.replace(/^\uFEFF/, '').trim();
      if (text === '') continue;
      const row = parsed(text);
      yield row === undefined ? { at, values: {}, problem: `is not valid JSON: ${syntaxError(text)}` } : toRow(at, row);
    }
  } finally {
    // The reader may have stopped early, and open standard input would keep the process alive.
    stream.destroy();
  }
}

const toRow = (at: number, row: unknown): SourceRow =>
  isObject(row) ? { at, values: row } : { at, values: {}, problem: `is ${toJson(row).slice(0, 100)}, not an object` };

/** Returns the columns of `{"columns": {…}}`, or undefined for any other value. */
function columnsOf(value: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(value) || Object.keys(value).length !== 1 || !isObject(value['columns'])) return undefined;
  return value['columns'];
}

function transposed(name: string, columns: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>[] {
  const lists = Object.entries(columns);
  const count = Array.isArray(lists[0]?.[1]) ? lists[0][1].length : 0;
  const wrong = lists.find(([, list]) => !Array.isArray(list) || list.length !== count);
  if (wrong !== undefined)
    throw new Failure(
      `The columns of ${name} do not match: "${lists[0]?.[0] ?? ''}" has ${String(count)} values, but ` +
        `"${wrong[0]}" ${Array.isArray(wrong[1]) ? `has ${String(wrong[1].length)}` : 'is not an array'}.`,
      { hint: 'Every column must be an array with one value for each row.' },
    );
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(lists.map(([column, list]) => [column, (list as unknown[])[index]])),
  );
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Returns why a text is not valid JSON. */
function syntaxError(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
