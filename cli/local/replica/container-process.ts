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

/** `node` is the Node that runs this command, which need not be the first on the PATH. */
export function executable(name: string): string {
  return name === 'node' ? process.execPath : name;
}

/** One run of a container: a process, and whatever it starts. */
export interface ContainerProcess {
  /** Undefined when the program could not be started. */
  readonly id: ProcessId | undefined;
  /** The exit code, 128 + n after signal n, as a shell and Kubernetes have it. */
  readonly exited: Promise<number>;
  /** SIGTERM, and SIGKILL after the grace period or when the signal aborts. Resolves when the process is gone. */
  terminate(graceSeconds: number, now: AbortSignal): Promise<void>;
}

/** Starts a program; what it prints goes to `print`. A program that cannot be started exits with 128, as a container does. */
export function startContainer(
  { argv, cwd, env }: Program,
  print: (chunk: Buffer) => void,
  clock: Clock,
): ContainerProcess {
  const [command = '', ...args] = argv;
  // A process group of its own: the terminal's Ctrl-C must reach the supervisor only, and the end of a container is
  // the end of all its processes.
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
      // Its last words may still be in the pipe; a process that left the group can hold that open for ever.
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
