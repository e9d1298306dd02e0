import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import { identify, killQuietly, type ProcessId } from './process-id.ts';

export interface Program {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Resolves `node` to the Node.js that runs this command, which may not be the first on the PATH. */
export function executable(name: string): string {
  return name === 'node' ? process.execPath : name;
}

/** One run of a container: a process, and the processes that it starts. */
export interface ContainerProcess {
  /** Undefined if the program could not be started. */
  readonly id: ProcessId | undefined;
  /** The exit code; 128 + n after signal n, as in a shell and Kubernetes. */
  readonly exited: Promise<number>;
  /** Sends SIGTERM, then SIGKILL after the grace period or when the signal aborts. Resolves once the process ended. */
  terminate(graceSeconds: number, now: AbortSignal): Promise<void>;
}

/**
 * Starts a program. A program that cannot be started exits with 128, like a container.
 * @param print receives its output
 */
export function startContainer(
  { argv, cwd, env }: Program,
  print: (chunk: Buffer) => void,
  clock: Clock,
): ContainerProcess {
  const [command = '', ...args] = argv;
  // In a process group of its own: Ctrl-C in the terminal must reach the local runtime only, and when a container ends,
  // all its processes end.
  const child = spawn(executable(command), args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', print);
  child.stderr.on('data', print);

  const { pid } = child;
  const id = pid === undefined ? undefined : (identify(pid) ?? { pid, started: '' });
  const gone = new AbortController();
  const closed = once(child, 'close').catch(() => undefined);
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      print(Buffer.from(`cannot start ${argv.join(' ')}: ${error.message}\n`));
      resolve(128);
    });
    child.once('exit', (code, signal) => {
      if (pid !== undefined) killQuietly(-pid, 'SIGKILL');
      // Its last output may still be in the pipe, which a process that left the group can keep open indefinitely.
      void Promise.race([closed, delay(200, undefined, { ref: false })]).then(() => {
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  });
  void exited.then(() => {
    gone.abort();
  });

  return {
    id,
    exited,
    async terminate(graceSeconds, now) {
      if (pid === undefined || gone.signal.aborted) return;
      if (child.exitCode === null && child.signalCode === null) killQuietly(pid, 'SIGTERM');
      await clock.sleep(graceSeconds * 1000, AbortSignal.any([gone.signal, now]));
      if (child.exitCode === null && child.signalCode === null) killQuietly(-pid, 'SIGKILL');
      await exited;
    },
  };
}
