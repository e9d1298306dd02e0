/** One replica, as `rhizome status` shows it; for `--json` this is the shape. */
export interface ReplicaStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why it is not ready, or why it last restarted; as Kubernetes words it (`CrashLoopBackOff`, `OOMKilled`, ...). */
  readonly reason?: string;
  /** Process id on this machine; only with the local engine. */
  readonly pid?: number;
}

export interface DeploymentStatus {
  readonly wanted: number;
  readonly ready: number;
  readonly replicas: readonly ReplicaStatus[];
}

/** What is up somewhere. How it came up is the business of the steps of `rhizome up`. */
export interface Target {
  readonly name: string;
  /** Whether `down` would find something, even if that does not answer. */
  isUp(): Promise<boolean>;
  /** Undefined where nothing is up. */
  status(): Promise<DeploymentStatus | undefined>;
  /** Base URL of the Service, without a trailing slash; undefined where nothing is up. */
  url(): Promise<string | undefined>;
  /** Writes the replicas' log lines to standard output, each behind its replica's name. Follows until the signal aborts. */
  logs(options: { readonly follow: boolean; readonly signal: AbortSignal }): Promise<void>;
  /** Removes what `up` made, and nothing else. Idempotent. Returns what it removed, in words; empty where nothing was. */
  down(): Promise<readonly string[]>;
}
