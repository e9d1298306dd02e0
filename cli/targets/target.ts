import type { DeploymentStatus } from '../deployment-status.ts';
import type { FormatLog } from '../terminal/log-format.ts';

export interface StatusOptions {
  /** Also asks the replicas what they serve. @default false */
  readonly models?: boolean;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Formats each line. @default the line as it was written, behind the replica's name */
  readonly format?: FormatLog;
}

/** What is up somewhere. How it came up is the business of the steps of `rhizome up`. */
export interface Target {
  readonly name: string;
  /** Whether `down` would find something, even if that does not answer. */
  isUp(): Promise<boolean>;
  /** Undefined where nothing is up. */
  status(options?: StatusOptions): Promise<DeploymentStatus | undefined>;
  /** Base URL of the Service, without a trailing slash; undefined where nothing is up. */
  url(): Promise<string | undefined>;
  /** Writes the replicas' log lines to standard output. Follows until the signal aborts. */
  logs(options: LogOptions): Promise<void>;
  /** Removes what `up` made, and nothing else. Idempotent. Returns what it removed, in words; empty where nothing was. */
  down(): Promise<readonly string[]>;
}
