import { CommanderError } from 'commander';
import { setMaxListeners } from 'node:events';
import { Failure, Interrupted, Stopped } from './failure.ts';
import { ownPackageJson } from './own-package.ts';
import { createProgram } from './program.ts';
import { findRoot } from './project/root.ts';
import { printableStyled } from './terminal/printable.ts';
import { createReporter, type Reporter } from './terminal/reporter.ts';

const debug = (process.env.RHIZOME_DEBUG ?? '') !== '';

async function main(): Promise<number> {
  const report = createReporter(process.stderr);
  const interrupt = new AbortController();
  // Each replica listens to the signal; many of them are not a leak.
  setMaxListeners(0, interrupt.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const reason = new Interrupted(signal);
      // The second signal ends everything at once.
      if (interrupt.signal.aborted) process.exit(reason.exitCode);
      interrupt.abort(reason);
    });
  }
  // The reader of a pipe, such as `head`, may close it early.
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
      process.stdout.write(`${printableStyled(text)}\n`);
    },
  };
  try {
    await createProgram(context, ownPackageJson().version).parseAsync();
    return 0;
  } catch (error) {
    return exitCode(error, report);
  }
}

/** Prints what went wrong, with a stack only if RHIZOME_DEBUG is set. Returns the exit code. */
function exitCode(error: unknown, report: Reporter): number {
  // commander has already printed the message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (debug) console.error(error);
  if (error instanceof Failure) {
    if (error instanceof Interrupted || error instanceof Stopped) report.line(error.message);
    else report.failure(error.message, error.details, error.hint);
    return error.exitCode;
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  report.failure(
    `Unexpected error: ${message}`,
    [],
    'This is a bug in Rhizome. Please report it, with the output of the same command under RHIZOME_DEBUG=1.',
  );
  return 1;
}

process.exitCode = await main();
