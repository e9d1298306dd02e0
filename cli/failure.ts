/**
 * Something that a person can do about: the message says what happened, `details` are lines that show it (events, a
 * command's last output), `hint` is the way out. `main.ts` prints these three and no stack.
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

/** The command line itself is wrong; nothing was done. */
export class UsageError extends Failure {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}

/** Ctrl-C (or a request to end) while there was work to do. The exit code is the shell's: 128 + the signal's number. */
export class Interrupted extends Failure {
  override readonly name = 'Interrupted';
  override readonly exitCode: number;

  constructor(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`Interrupted by ${signal}.`);
    this.exitCode = 128 + { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }[signal];
  }
}

/** What an error says; of a model that cannot be loaded without the file, for whoever names it otherwise. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
