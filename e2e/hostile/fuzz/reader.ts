import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Outcome } from './child.ts';

/** A file that takes longer to read is a finding. A process that starts on a busy machine needs most of it. */
const MOST_MS = 5000;
/** V8 reserves most of it. */
const MEMORY_KB = 900_000;

/** Reads each model in a process of its own, with limits of memory and time. The next process starts ahead. */
export class Reader {
  #next = start();

  async read(model: Uint8Array): Promise<Outcome> {
    const child = this.#next;
    this.#next = start();
    const given = new AbortController();
    const timer = setTimeout(() => child.kill('SIGKILL'), MOST_MS);
    try {
      const outcome = once(child, 'message', { signal: given.signal }).then(([message]) => message as Outcome);
      const ended = once(child, 'exit', { signal: given.signal }).then(([code, signal]): Outcome => ({
        finding: `the process ended with ${String(signal ?? code)}, after at most ${MOST_MS} ms`,
      }));
      child.send(model);
      return await Promise.race([outcome, ended]);
    } finally {
      clearTimeout(timer);
      given.abort();
      if (child.connected) child.disconnect();
    }
  }

  close(): void {
    this.#next.disconnect();
  }
}

function start(): ChildProcess {
  const node = [process.execPath, '--max-old-space-size=256', join(import.meta.dirname, 'child.ts')];
  return spawn('/bin/sh', ['-c', `ulimit -d ${MEMORY_KB} && exec "$0" "$@"`, ...node], {
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}
