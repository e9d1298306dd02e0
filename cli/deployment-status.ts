/** How a container ended. */
export interface Termination {
  /**
   * In Kubernetes' words (`OOMKilled`, `Error`, `Completed`); `Unhealthy` if the local runtime killed it for its
   * probes.
   */
  readonly reason: string;
  readonly exitCode: number;
  /** ISO 8601, UTC. */
  readonly finishedAt?: string;
}

/** One replica, as `rhizome status` prints it; `--json` prints this shape. */
export interface ReplicaStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restarts: number;
  /**
   * Why it isn't ready, or why it last restarted: one word in CamelCase, as Kubernetes uses it (`CrashLoopBackOff`,
   * `OOMKilled`). Code may branch on it.
   */
  readonly reason?: string;
  /** More about the reason, for people. Local runtime only. */
  readonly message?: string;
  /** How its container last ended. Missing if it never has. */
  readonly lastTermination?: Termination;
  /** When its container last started: ISO 8601, UTC. Missing while it doesn't run. */
  readonly startedAt?: string;
  /** What it has in memory, in bytes, as its metrics report it. On the board only. */
  readonly memoryBytes?: number;
  /** Process ID. Local runtime only. */
  readonly pid?: number;
  /**
   * Names and versions of the models that it serves, such as `iris 1`. Only if the status was requested with `models`.
   */
  readonly model?: string;
  /** The image that it runs. Clusters only. */
  readonly image?: string;
  /** The node that it runs on. Clusters only, and missing until it is scheduled. */
  readonly node?: string;
  /** `new` if it runs what was applied last, `old` if the rollout replaces it. Clusters only. */
  readonly revision?: 'new' | 'old';
}

/** Pods that get a share of the service's requests. */
export interface CanaryStatus {
  /** The share in percent. */
  readonly percent: number;
  /** Pods that its Deployment asks for. */
  readonly wanted: number;
  readonly ready: number;
  readonly replicas: readonly ReplicaStatus[];
}

export interface DeploymentStatus {
  /** Replicas that the Deployment asks for. */
  readonly wanted: number;
  readonly ready: number;
  /** Replicas that run what was applied last. Clusters only. */
  readonly updated?: number;
  /** Replicas that have been ready for `minReadySeconds`. Clusters only. */
  readonly available?: number;
  readonly replicas: readonly ReplicaStatus[];
  /** Missing if there is no canary. Clusters only. */
  readonly canary?: CanaryStatus;
}

/** The replicas, and then those of the canary. */
export const allReplicas = ({ replicas, canary }: DeploymentStatus): readonly ReplicaStatus[] => [
  ...replicas,
  ...(canary?.replicas ?? []),
];

/** The reason and what is known about it: `Error: exit code 137`. Undefined if there is no reason. */
export const describeReason = ({ reason, message }: Pick<ReplicaStatus, 'reason' | 'message'>): string | undefined =>
  reason === undefined || message === undefined ? reason : `${reason}: ${message}`;

/** Whether there is a cluster, but no Deployment. */
export const isEmpty = ({ wanted, updated, replicas }: DeploymentStatus): boolean =>
  wanted === 0 && updated === undefined && replicas.length === 0;

/** What is said about such a cluster. */
export const emptyCluster = 'the cluster is running, but nothing is deployed on it';
