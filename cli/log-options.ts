import type { FormatLog } from './terminal/log-format.ts';

/** Which log lines a target prints, and how. */
export interface LogOptions {
  /** Continue with new lines, restarted containers and new replicas until the signal aborts. */
  readonly follow: boolean;
  /** How many of the last lines of each replica to begin with. @default all of them */
  readonly tail?: number;
  readonly signal: AbortSignal;
  /** Formats each line. @default the line as it was written, with the replica's name in front */
  readonly format?: FormatLog;
}
