import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cores } from '../machine/cores.ts';
import { processTree, usageOf, type Usage } from '../machine/process-usage.ts';

export interface ProcessOptions {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** @default the working directory of the benchmark */
  readonly cwd?: string;
}

/** The processes that run now. A benchmark that is interrupted must not leave them behind. */
const running = new Set<ServerProcess>();
process.on('exit', () => {
  for (const each of running) each.kill();
});

/** A process that stays, such as a server, with everything that it starts. */
export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #reader: ChildProcess;
  /** As in `performance.now()`. */
  readonly startedAt: number;

  private constructor(child: ChildProcess, reader: ChildProcess, folder: string, startedAt: number) {
    this.#child = child;
    this.#reader = reader;
    this.#folder = folder;
    this.startedAt = startedAt;
    running.add(this);
  }

  /** Starts a process on the server's core. Its output goes to a pipe that is read, as it does in a container. */
  static async start({ command, env, cwd }: ProcessOptions, cores: Cores): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'rhizome-bench-'));
    const pipe = join(folder, 'output');
    execFileSync('mkfifo', [pipe]);
    // Reads everything and keeps the end. It costs little, and what it costs is on the load generator's core.
    const [tail, ...tailArgs] = cores.forLoad(['tail', '-c', '4000']);
    const kept = openSync(join(folder, 'last-output'), 'w');
    // Both ends of a named pipe wait for each other unless one is opened for reading and writing.
    const both = openSync(pipe, 'r+');
    const read = openSync(pipe, 'r');
    const write = openSync(pipe, 'w');
    const reader = spawn(tail, tailArgs, { stdio: [read, kept, 'ignore'] });
    const [file, ...args] = cores.forServer(command);
    const startedAt = performance.now();
    const child = spawn(file, args, { env, ...(cwd && { cwd }), stdio: ['ignore', write, write], detached: true });
    for (const descriptor of [both, read, write, kept]) closeSync(descriptor);
    await Promise.all([once(child, 'spawn'), once(reader, 'spawn')]);
    return new ServerProcess(child, reader, folder, startedAt);
  }

  get hasExited(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  usage(): Usage | undefined {
    return usageOf(this.#tree());
  }

  /** Stops the process without ending it: a server that waits for its turn must not use the others' core. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Kills the process and everything it has started. Returns the end of its output. */
  async stop(): Promise<string> {
    this.kill();
    running.delete(this);
    if (!this.hasExited) await once(this.#child, 'exit');
    if (this.#reader.exitCode === null) await once(this.#reader, 'exit');
    const output = readFileSync(join(this.#folder, 'last-output'), 'utf8');
    await rm(this.#folder, { recursive: true });
    return output;
  }

  #signal(signal: NodeJS.Signals): void {
    for (const pid of this.#tree()) {
      try {
        process.kill(pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  #tree(): readonly number[] {
    return this.#child.pid === undefined || this.hasExited ? [] : processTree(this.#child.pid);
  }
}
