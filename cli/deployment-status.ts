/** One replica, as `rhizome status` shows it; for `--json` this is the shape. */
export interface ReplicaStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why it is not ready, or why it last restarted; as Kubernetes words it (`CrashLoopBackOff`, `OOMKilled`, ...). */
  readonly reason?: string;
  /** Process id on this machine; only with the local engine. */
  readonly pid?: number;
  /** What it serves, as `iris 1`: names and versions. Only where the status was asked for with `models`. */
  readonly model?: string;
  /** On a cluster: the image that it runs. */
  readonly image?: string;
  /** On a cluster: the node that it runs on; none yet where no node has room. */
  readonly node?: string;
  /** On a cluster: whether it is of the version that was applied last, or of one before, which the rollout replaces. */
  readonly revision?: 'new' | 'old';
}

export interface DeploymentStatus {
  readonly wanted: number;
  readonly ready: number;
  /** On a cluster: replicas of the version that was applied last. */
  readonly updated?: number;
  /** On a cluster: replicas that have been ready for `minReadySeconds`. */
  readonly available?: number;
  readonly replicas: readonly ReplicaStatus[];
}
