import { spawn, type ChildProcess } from 'node:child_process';
import { extname, join } from 'node:path';

/** `child.ts` here, `child.js` in the npm package. */
const script = join(import.meta.dirname, `child${extname(import.meta.filename)}`);

/**
 * What an inference process inherits: what its libraries read, but no secrets.
 */
const inherited =
  /^(?:PATH|HOME|LANG|TMPDIR|TZ|NODE_COMPILE_CACHE|NODE_V8_COVERAGE|GLIBC_TUNABLES)$|^(?:LC|LD|DYLD|MALLOC|OMP|ORT)_/;

/** The process needs little memory beyond the runtime's. */
const nodeOptions = ['--no-warnings', '--max-semi-space-size=1', '--max-old-space-size=256'];

/** Starts an inference process; `stdio[3]` is the socket to it. */
export function spawnChild(): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, script], {
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => inherited.test(name))),
    // Standard output has the log lines of this process.
    stdio: ['ignore', 2, 2, 'pipe'],
  });
}
