import type { DeploymentStatus } from '../deployment-status.ts';
import type { LogOptions } from '../log-options.ts';
import type { TargetEvent } from '../target-event.ts';

export interface StatusOptions {
  /** Also requests the served models from the replicas. @default false */
  readonly models?: boolean;
}

/** A place where the model runs. The steps of `rhizome up` bring it there. */
export interface Target {
  readonly name: string;
  /** Whether there is something for `down` to remove, even if it doesn't respond. */
  isUp(): Promise<boolean>;
  /** Undefined if nothing is up. */
  status(options?: StatusOptions): Promise<DeploymentStatus | undefined>;
  /** Base URL of the Service, without a trailing slash; undefined if nothing is up. */
  url(): Promise<string | undefined>;
  /** Returns a replica's metrics in the Prometheus text format; undefined if it doesn't respond in time. */
  metrics(replica: string): Promise<string | undefined>;
  /** Shows what happens from now on to the replicas, until the signal aborts. */
  events(signal: AbortSignal, show: (event: TargetEvent) => void): Promise<void>;
  /** Writes the replicas' log lines. */
  logs(options: LogOptions): Promise<void>;
  /** Removes what `up` created, and nothing else. Idempotent. Returns descriptions of what it removed. */
  down(): Promise<readonly string[]>;
}
