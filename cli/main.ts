import { CommanderError } from 'commander';
import { setMaxListeners } from 'node:events';
import { Failure, Interrupted } from './failure.ts';
import { manifest } from './own-package.ts';
import { createProgram } from './program.ts';
import { findRoot } from './project/root.ts';
import { createReporter, type Reporter } from './terminal/reporter.ts';

const debug = (process.env.RHIZOME_DEBUG ?? '') !== '';

async function main(): Promise<number> {
  const report = createReporter(process.stderr);
  const interrupt = new AbortController();
  // Many replicas, each with something that ends with it, are no leak.
  setMaxListeners(0, interrupt.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      // The second time somebody is in a hurry.
      if (interrupt.signal.aborted) process.exit(reason.exitCode);
      interrupt.abort(reason);
    });
  }
  // The reader of a pipe may have seen enough, as `head` has.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
  }
  const context = {
    get root() {
      return findRoot(process.cwd());
    },
    report,
    signal: interrupt.signal,
    print: (text: string) => {
      process.stdout.write(`${text}\n`);
    },
  };
  try {
    await createProgram(context, manifest().version).parseAsync();
    return 0;
  } catch (error) {
    return exitCode(error, report);
  }
}

/** Shows what went wrong. A stack is for those who can use it: it is printed only when asked for. */
function exitCode(error: unknown, report: Reporter): number {
  // commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (debug) console.error(error);
  if (error instanceof Failure) {
    if (error instanceof Interrupted) report.line(error.message);
    else report.failure(error.message, error.details, error.hint);
    return error.exitCode;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  report.failure(
    `This should not have happened: ${message}`,
    [],
    'It is a bug of rhizome. RHIZOME_DEBUG=1 shows where; please report it with that.',
  );
  return 1;
}

process.exitCode = await main();
