import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Outcome } from './child.ts';

/** A case that takes more time of the processor is ended... */
const MOST_CPU_SECONDS = 10;
/** ...and one that waits for anything but the processor. */
const MOST_SECONDS = 120;
/** V8 reserves most of it. */
const MEMORY_KB = 1_200_000;

/** Reads and runs each model in a process of its own, with limits of memory and time. The next process starts ahead. */
export class Reader {
  #next = start();

  /** @returns the last outcome; or, if the process ended before, how it ended, as `ran` or as `finding` */
  async read(model: Uint8Array): Promise<Outcome> {
    const child = this.#next;
    this.#next = start();
    const timer = setTimeout(() => child.kill('SIGKILL'), MOST_SECONDS * 1000);
    try {
      return await outcomeOf(child, model);
    } finally {
      clearTimeout(timer);
      if (child.connected) child.disconnect();
    }
  }

  close(): void {
    this.#next.disconnect();
  }
}

async function outcomeOf(child: ChildProcess, model: Uint8Array): Promise<Outcome> {
  let outcome: Outcome = {};
  const responded = new Promise<void>((resolve) => {
    child.on('message', (received: Outcome) => {
      outcome = received;
      if (received.read !== true) resolve();
    });
  });
  const ended = once(child, 'exit').then(([code, signal]) => {
    const how = `the process ended with ${String(signal ?? code)}`;
    outcome = outcome.read === true ? { ran: how } : { finding: how };
  });
  child.send(model);
  await Promise.race([responded, ended]);
  return outcome;
}

function start(): ChildProcess {
  const node = [process.execPath, '--max-old-space-size=256', join(import.meta.dirname, 'child.ts')];
  const limits = `ulimit -d ${MEMORY_KB} && ulimit -t ${MOST_CPU_SECONDS} && exec "$0" "$@"`;
  return spawn('/bin/sh', ['-c', limits, ...node], {
    stdio: ['ignore', 'inherit', 'ignore', 'ipc'],
    serialization: 'advanced',
  });
}
