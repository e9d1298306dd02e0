import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';

/** `child.ts` here, `child.js` in the npm package. */
const script = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

/** The variables that the process inherits: what its libraries read, but no secrets. */
const inherited = new RegExp(
  '^(?:PATH|HOME|TMPDIR|TZ|LANG|NODE_COMPILE_CACHE|NODE_V8_COVERAGE|GLIBC_TUNABLES|MALLOC_.*|' +
    '(?:LC|LD|DYLD|OMP|ORT|CUDA)_.*)$',
);

/** The process holds few JavaScript objects. These options leave the compile cache of the service valid. */
const nodeOptions = ['--no-warnings', '--max-semi-space-size=1', '--max-old-space-size=256'];

/**
 * What Node reserves, most of it without using it: it counts towards the limit that the kernel has for the data of a
 * process. Measured with Node 24 on amd64: 570 MiB, and for the thread that watches the parent another 540 MiB.
 */
const RESERVED_BYTES = (process.pid === 1 ? 600 : 1140) * 2 ** 20;

/**
 * Starts an inference process; `stdio[3]` is the socket to it.
 *
 * @param memoryBytes the most memory that it may use, on Linux; unlimited if undefined
 */
export function spawnChild(memoryBytes?: number): ChildProcess {
  const environment = Object.entries(process.env).filter(([name]) => inherited.test(name));
  // Loaded with the first process: most models run without one.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const node = [process.execPath, ...nodeOptions, script] as const;
  const [command, ...args] = memoryBytes === undefined ? node : limited(memoryBytes, node);
  return spawn(command, args, {
    // A path in the model that slipped through every check leads nowhere from here.
    cwd: '/',
    // Without a limit, the C library keeps memory for each thread: some 2 MB of 24.
    env: { MALLOC_ARENA_MAX: '2', ...Object.fromEntries(environment) },
    // Standard output has the log lines of this process.
    stdio: ['ignore', 2, 2, 'pipe'],
  });
}

/** Returns a command line that limits the memory of another: Node cannot set the limits of a process itself. */
function limited(memoryBytes: number, command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  if (process.platform !== 'linux' || !existsSync('/bin/sh')) return command;
  const kibibytes = Math.ceil((RESERVED_BYTES + memoryBytes) / 1024);
  // If a lower limit is set already, this cannot raise it.
  return ['/bin/sh', '-c', 'ulimit -S -d "$0" 2>/dev/null; exec "$@"', String(kibibytes), ...command];
}
