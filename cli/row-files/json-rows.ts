import { createInterface } from 'node:readline';
import { text as readAll } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import { Failure } from '../failure.ts';
import { parseJson } from '../json.ts';
import type { RowSource, SourceRow } from './row-source.ts';

type Rows = Omit<RowSource, 'name' | 'share'>;

/** Rows of JSON: an array of objects, one object, `{"columns": {…}}`, or an object a line. */
export async function jsonRows(name: string, stream: Readable, head: string): Promise<Rows> {
  // An object that ends with its line is followed by others, or is the whole file.
  const first = parsed(head);
  if (isObject(first) && columnsOf(first) === undefined)
    return { format: 'json', unit: 'line', bare: true, rows: lines(stream) };
  const text = (await readAll(stream)).replace(/^\uFEFF/, '');
  const whole = parsed(text);
  if (whole === undefined)
    throw new Failure(`${name} is no JSON: ${whyNot(text)}`, {
      hint: 'Expected an array of objects, one object, {"columns": {…}}, or an object a line.',
    });
  const columns = columnsOf(whole);
  const rows = columns === undefined ? ([whole].flat() as unknown[]) : transposed(name, columns);
  return { format: 'json', unit: 'row', bare: !Array.isArray(whole) && columns === undefined, rows: listed(rows) };
}

/* eslint-disable-next-line @typescript-eslint/require-await -- the same shape as a stream's rows */
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
      yield row === undefined ? { at, values: {}, problem: `is no JSON: ${whyNot(text)}` } : toRow(at, row);
    }
  } finally {
    // Somebody may have seen enough, and standard input would keep the process alive.
    stream.destroy();
  }
}

const toRow = (at: number, row: unknown): SourceRow =>
  isObject(row)
    ? { at, values: row }
    : { at, values: {}, problem: `is ${JSON.stringify(row).slice(0, 100)}, and no object` };

/** The lists of `{"columns": {…}}`; undefined where the value is something else. */
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
      `The columns of ${name} do not fit together: "${lists[0]?.[0] ?? ''}" has ${String(count)} values, "${wrong[0]}" ${Array.isArray(wrong[1]) ? String(wrong[1].length) : 'is no array'}.`,
      { hint: 'Every column is an array with a value for each row.' },
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

function whyNot(text: string): string {
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
