import { open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { olderLog } from './log-file.ts';
import { isRunning } from './replica/process-id.ts';
import { plainLog, type FormatLog } from '../terminal/log-format.ts';
import { readState, replicaLog } from './state.ts';

/** Short enough to feel immediate, and cheap: a `stat` a replica. */
const pollMs = 200;

/** Prints the replicas' logs; follows until the signal aborts or nothing is up any more. */
export async function printLogs(
  root: string,
  { follow, signal, format = plainLog }: { follow: boolean; signal: AbortSignal; format?: FormatLog },
  output: { write(text: string): unknown },
): Promise<void> {
  const state = await readState(root);
  if (state === undefined) return;
  const tails = state.replicas.map(({ status: { name } }) => ({
    name,
    path: replicaLog(root, name),
    format,
    offset: 0,
    rest: '',
  }));
  for (let last = !follow; ; last ||= signal.aborted || !isRunning(state.supervisor)) {
    for (const tail of tails) await printNew(tail, output);
    if (last) break;
    await delay(pollMs, undefined, { signal }).catch(() => undefined);
  }
  for (const { name, rest } of tails) if (rest !== '') output.write(`${format(name, rest)}\n`);
}

/** Where the reading of a log has got to; `rest` is a line whose end has not been written yet. */
interface Tail {
  readonly name: string;
  readonly path: string;
  readonly format: FormatLog;
  offset: number;
  rest: string;
}

async function printNew(tail: Tail, output: { write(text: string): unknown }): Promise<void> {
  const size = (await stat(tail.path).catch(() => undefined))?.size ?? 0;
  if (size < tail.offset) {
    // It has been rotated since; what came before that is in the older file.
    await printFrom(olderLog(tail.path), tail, output);
    tail.offset = 0;
  }
  if (size > tail.offset) await printFrom(tail.path, tail, output);
}

async function printFrom(path: string, tail: Tail, output: { write(text: string): unknown }): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc((await file.stat()).size - tail.offset),
      position: tail.offset,
    });
    const lines = (tail.rest + buffer.toString('utf8', 0, bytesRead)).split('\n');
    tail.offset += bytesRead;
    tail.rest = lines.pop() ?? '';
    for (const line of lines) output.write(`${tail.format(tail.name, line)}\n`);
  } finally {
    await file.close();
  }
}
