import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogOptions } from '../log-options.ts';
import { plainLog, type FormatLog } from '../terminal/log-format.ts';
import { lastLines, olderLog } from './log-file.ts';
import { isRunning } from './replica/process-id.ts';
import { readState, replicaLog, type RuntimeState } from './state.ts';

/** Short enough to seem immediate, and cheap: one `stat` per replica. */
const pollMs = 200;

/** Prints the replicas' logs. With `follow`, continues until the signal aborts or the local runtime has ended. */
export async function printLogs(
  root: string,
  { follow, tail, replica, signal, format = plainLog, output = process.stdout }: LogOptions,
): Promise<void> {
  const state = await readState(root);
  if (state === undefined) return;
  const readers: Reader[] = [];
  const readNew = ({ replicas }: RuntimeState): void => {
    for (const { name } of replicas.map(({ status }) => status))
      if ((replica === undefined || replica === name) && readers.every((reader) => reader.name !== name))
        readers.push(readerOf(root, name, format));
  };
  readNew(state);
  if (tail !== undefined) for (const reader of readers) await printTail(reader, tail, output);
  for (let last = !follow; ; last ||= signal.aborted || !isRunning(state.supervisor)) {
    for (const reader of readers) await printNew(reader, output);
    if (last) break;
    // With `up --watch`, changed manifests may ask for more replicas.
    const now = await readState(root);
    if (now !== undefined) readNew(now);
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
  for (const { name, rest } of readers) if (rest !== '') output.write(`${format(name, rest)}\n`);
}

/** How far a log has been read. */
interface Reader {
  readonly name: string;
  readonly path: string;
  readonly format: FormatLog;
  offset: number;
  /** The beginning of a line whose end has not been written yet. */
  rest: string;
}

const readerOf = (root: string, name: string, format: FormatLog): Reader => ({
  name,
  path: replicaLog(root, name),
  format,
  offset: 0,
  rest: '',
});

/** Prints the last complete lines of a log, and continues after them. */
async function printTail(reader: Reader, count: number, output: { write(text: string): unknown }): Promise<void> {
  const lines: string[] = [];
  await printNew(reader, { write: (line: string) => lines.push(line) });
  // A log that has just been rotated is short.
  const older = count > lines.length ? lastLines(olderLog(reader.path), count - lines.length) : [];
  for (const line of older) output.write(`${reader.format(reader.name, line)}\n`);
  if (count > 0) for (const line of lines.slice(-count)) output.write(line);
}

async function printNew(reader: Reader, output: { write(text: string): unknown }): Promise<void> {
  const size = (await stat(reader.path).catch(() => undefined))?.size ?? 0;
  if (size < reader.offset) {
    // The log has been rotated: what was written before that is in the older file. Or `up --watch` began a new one.
    const older = olderLog(reader.path);
    if (existsSync(older)) await printFrom(older, reader, output);
    reader.offset = 0;
  }
  if (size > reader.offset) await printFrom(reader.path, reader, output);
}

async function printFrom(path: string, reader: Reader, output: { write(text: string): unknown }): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc((await file.stat()).size - reader.offset),
      position: reader.offset,
    });
    const lines = (reader.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
    reader.offset += bytesRead;
    reader.rest = lines.pop() ?? '';
    for (const line of lines) output.write(`${reader.format(reader.name, line)}\n`);
  } finally {
    await file.close();
  }
}
