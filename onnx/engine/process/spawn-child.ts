import type { ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';

/** `child.ts` here, `child.js` in the npm package. */
const script = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

/** The variables that the process inherits: what its libraries read, but no secrets. */
const inherited = new RegExp(
  '^(?:PATH|HOME|TMPDIR|TZ|LANG|NODE_COMPILE_CACHE|NODE_V8_COVERAGE|GLIBC_TUNABLES|MALLOC_.*|' +
    '(?:LC|LD|DYLD|OMP|ORT)_.*)$',
);

/** The process holds few JavaScript objects. These options leave the compile cache of the service valid. */
const nodeOptions = ['--no-warnings', '--max-semi-space-size=1', '--max-old-space-size=256'];

/** Starts an inference process; `stdio[3]` is the socket to it. */
export function spawnChild(): ChildProcess {
  const environment = Object.entries(process.env).filter(([name]) => inherited.test(name));
  // Loaded with the first process: most models run without one.
  const { spawn } = process.getBuiltinModule('node:child_process');
  return spawn(process.execPath, [...nodeOptions, script], {
    // Without a limit, the C library keeps memory for each thread: some 2 MB of 24.
    env: { MALLOC_ARENA_MAX: '2', ...Object.fromEntries(environment) },
    // Standard output has the log lines of this process.
    stdio: ['ignore', 2, 2, 'pipe'],
  });
}
