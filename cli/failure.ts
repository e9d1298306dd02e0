import { getSystemErrorMap } from 'node:util';

/**
 * A failure that a user can act on: the message says what happened, `details` are lines that show it (events, a
 * command's last output), and `hint` says what to do. `main.ts` prints these three without a stack trace.
 */
export class Failure extends Error {
  override readonly name: string = 'Failure';
  readonly details: readonly string[];
  readonly hint: string | undefined;
  readonly exitCode: number = 1;

  constructor(message: string, options: { details?: readonly string[]; hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.details = options.details ?? [];
    this.hint = options.hint;
  }
}

/** The command line is wrong. Nothing has been done. */
export class UsageError extends Failure {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}

/** Whoever runs the command stopped it at a pause. The exit code is that of Ctrl-C. */
export class Stopped extends Failure {
  override readonly name = 'Stopped';
  override readonly exitCode = 130;
}

/** A signal such as Ctrl-C interrupted the command. The exit code is 128 + the signal's number, as in a shell. */
export class Interrupted extends Failure {
  override readonly name = 'Interrupted';
  override readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`Interrupted by ${signal}.`);
    this.exitCode = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
  }
}

/**
 * Returns an error's message; for a model that cannot be loaded, its reason, and for a file, what is wrong with it:
 * neither names the file.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  const { errno } = error as NodeJS.ErrnoException;
  const [, words = error.message] = (errno !== undefined && getSystemErrorMap().get(errno)) || [];
  return words;
}
