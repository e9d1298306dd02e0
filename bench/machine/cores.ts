import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Where the processes of a run are placed. */
export interface Cores {
  /** Returns the command that runs another on the server's core. */
  readonly forServer: (command: readonly string[]) => readonly [string, ...string[]];
  /** The same for the load generators, and for what reads the server's log. */
  readonly forLoad: (command: readonly string[]) => readonly [string, ...string[]];
  readonly description: string;
}

const SERVER = '0';
const LOAD = '1';

/** Pins servers to the first core and everything else, this process included, to the second, if the machine has two. */
export function pinCores(): Cores {
  const reason = unpinnable();
  if (reason !== undefined) {
    const unpinned = (command: readonly string[]): readonly [string, ...string[]] => asCommand(command);
    return { forServer: unpinned, forLoad: unpinned, description: `not pinned to cores (${reason})` };
  }
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', LOAD, String(process.pid)], { stdio: 'ignore' });
  const pinned = (core: string) => (command: readonly string[]) =>
    asCommand(['taskset', '--cpu-list', core, ...command]);
  return {
    forServer: pinned(SERVER),
    forLoad: pinned(LOAD),
    description: `servers pinned to core ${SERVER}; load generators and the benchmark itself to core ${LOAD}`,
  };
}

function unpinnable(): string | undefined {
  if (availableParallelism() < 2) return 'there is only one';
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'there is no taskset';
  }
}

function asCommand([file, ...args]: readonly string[]): readonly [string, ...string[]] {
  if (file === undefined) throw new TypeError('a command needs a program');
  return [file, ...args];
}
