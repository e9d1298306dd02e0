import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogOptions } from '../log-options.ts';
import { plainLog, type FormatLog } from '../terminal/log-format.ts';
import { lastLines, olderLog } from './log-file.ts';
import { isRunning } from './replica/process-id.ts';
import { readState, replicaLog, type RuntimeState } from './state.ts';

/** Short enough to seem immediate, and cheap: three `stat`s per replica. */
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
  try {
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
  } finally {
    for (const { file } of readers) await file?.close();
  }
}

/** A log, and how far it has been read. */
interface Reader {
  readonly name: string;
  readonly path: string;
  readonly format: FormatLog;
  /** Undefined until there is one. */
  file: FileHandle | undefined;
  offset: number;
  /** The beginning of a line whose end has not been written yet. */
  rest: string;
}

const readerOf = (root: string, name: string, format: FormatLog): Reader => ({
  name,
  path: replicaLog(root, name),
  format,
  file: undefined,
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
  if (await isReplaced(reader)) {
    // The log has been rotated, or `up --watch` began a new one. The old file stays readable as long as it is open.
    await printRest(reader, output);
    await reader.file?.close();
    [reader.file, reader.offset] = [undefined, 0];
  }
  reader.file ??= await openLog(reader.path);
  await printRest(reader, output);
}

/** Opens a log. Returns undefined if there is none yet. */
async function openLog(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Returns whether the path is another file by now. Between two files there is none. */
async function isReplaced({ file, path }: Reader): Promise<boolean> {
  const there = file && (await stat(path).catch(() => undefined));
  return there !== undefined && there.ino !== (await file?.stat())?.ino;
}

async function printRest(reader: Reader, output: { write(text: string): unknown }): Promise<void> {
  const { file } = reader;
  if (file === undefined) return;
  const { size } = await file.stat();
  // Somebody has emptied the file.
  if (size < reader.offset) reader.offset = 0;
  const { buffer, bytesRead } = await file.read({
    buffer: Buffer.alloc(size - reader.offset),
    position: reader.offset,
  });
  const lines = (reader.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
  reader.offset += bytesRead;
  reader.rest = lines.pop() ?? '';
  for (const line of lines) output.write(`${reader.format(reader.name, line)}\n`);
}
