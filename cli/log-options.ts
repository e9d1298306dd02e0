import type { FormatLog } from './terminal/log-format.ts';

/** Which log lines a target prints, and how. */
export interface LogOptions {
  /** Continue with new lines, restarted containers and new replicas until the signal aborts. */
  readonly follow: boolean;
  /** How many of the last lines of each replica to begin with. @default all of them */
  readonly tail?: number;
  /** The only replica whose lines are printed. @default all replicas */
  readonly replica?: string;
  readonly signal: AbortSignal;
  /** Formats each line. @default the line as it was written, with the replica's name in front */
  readonly format?: FormatLog;
  /** @default standard output */
  readonly output?: { write(text: string): unknown };
}
