/** Something that happened where a model runs, in Kubernetes' words. */
export interface TargetEvent {
  /** The replica that it happened to. Missing if it happened to what creates replicas. */
  readonly replica?: string;
  /** One word in CamelCase, such as `Killing`, and more about it. */
  readonly text: string;
  /** Whether something may be wrong. */
  readonly warning: boolean;
}
