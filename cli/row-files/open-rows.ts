import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { Failure, reasonOf } from '../failure.ts';
import { csvRows } from './csv.ts';
import { jsonRows } from './json-rows.ts';
import type { RowSource } from './row-source.ts';

/** How many characters of the first line are inspected. */
const longestHead = 1 << 20;

/**
 * Opens a file with rows, or standard input with `-`. The first line determines the format: CSV with a header, or JSON
 * (an object, an array, `{"columns": …}`, or one object per line). CSV and JSON with one object per line are streamed.
 * @throws {Failure} if the file cannot be read, is empty, is not a text, or is not valid
 */
export async function openRows(file: string): Promise<RowSource> {
  const name = file === '-' ? 'standard input' : file;
  const size = file === '-' ? undefined : await sizeOf(file);
  const stream: Readable = file === '-' ? process.stdin : createReadStream(file);
  let bytes = 0;
  const chunks = (async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
  })();
  const { head, rest } = await peek(chunks);
  if (head === '') throw new Failure(`${name} is empty.`, { hint: 'Expected CSV with a header, or JSON.' });
  if (head.startsWith('PAR1') || head.includes('\0'))
    throw new Failure(`${name} is not a text file.`, {
      hint:
        'Expected CSV with a header, or JSON. pandas converts other formats, such as Parquet: ' +
        'read_parquet(FILE).to_csv(FILE, index=False)',
    });
  const share = (): number | undefined => (size === undefined || size === 0 ? undefined : Math.min(1, bytes / size));
  // No column name begins with { or [.
  const read = /^[[{]/.test(head) ? jsonRows : csvRows;
  return { ...(await read(name, rest, head)), name, share };
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (cause) {
    throw new Failure(`Cannot read ${file}: ${reasonOf(cause)}`, {
      cause,
      hint: 'Name a file with CSV or JSON, or - for standard input.',
    });
  }
}

/** Returns the first line that is not empty, and a stream with the whole file. */
async function peek(chunks: AsyncGenerator<Buffer>): Promise<{ readonly head: string; readonly rest: Readable }> {
  const taken: Buffer[] = [];
  let head = '';
  while (!/\S[^\n]*\n/.test(head) && head.length < longestHead) {
    const next = await chunks.next();
    if (next.done === true) break;
    taken.push(next.value);
    head = Buffer.concat(taken)
      .toString('utf8')
      .replace(/^\uFEFF/, '');
  }
  const all = async function* (): AsyncGenerator<Buffer> {
    yield* taken;
    yield* chunks;
  };
  return { head: head.trimStart().split(/\r?\n/, 1)[0] ?? '', rest: Readable.from(all(), { objectMode: false }) };
}
