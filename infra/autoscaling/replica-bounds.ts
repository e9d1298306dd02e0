import type { PredictionService } from '../constructs/prediction-service.ts';
import { int32 } from '../props/checks/numbers.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';

/** How many pods an autoscaler may run. */
export interface ReplicaBounds {
  /**
   * The most pods that may run. At least `minReplicas`.
   *
   * @explains HorizontalPodAutoscaler.spec.maxReplicas
   * @explains ScaledObject.spec.maxReplicaCount
   * @without Kubernetes refuses a HorizontalPodAutoscaler; the default of KEDA is 100.
   * @setBy Autoscaling.maxReplicas
   * @setBy KedaAutoscaling.maxReplicas
   */
  readonly maxReplicas: number;

  /**
   * The fewest pods that run. At least 2, unless `allowSingleReplica` is set. The default keeps what the service has
   * without an autoscaler, so that adding one never removes a pod.
   * @default the `replicas` of the service
   * @explains HorizontalPodAutoscaler.spec.minReplicas
   * @explains ScaledObject.spec.minReplicaCount
   * @without The default is 1, and that of KEDA 0: a single pod serves nobody while its node is drained or it restarts.
   * @setBy Autoscaling.minReplicas
   * @setBy KedaAutoscaling.minReplicas
   */
  readonly minReplicas?: number;

  /**
   * Whether `minReplicas` may be 1. A single pod serves nobody while its node is drained or it restarts.
   * @default false
   */
  readonly allowSingleReplica?: boolean;
}

/** The type of each bound, for `findMistypedProps`. */
export const replicaBounds = {
  maxReplicas: 'number',
  minReplicas: 'number',
  allowSingleReplica: 'true or false',
} as const;

/** Checks the bounds, and that the service has no other autoscaler: each would overwrite the number of the other. */
export function* checkBounds(
  service: PredictionService,
  { maxReplicas, minReplicas = service.resolved.replicas, allowSingleReplica = false }: ReplicaBounds,
): Generator<InvalidProp> {
  if (service.hasAutoscaler) {
    const fix = 'Remove one of the two: each would overwrite the number of replicas that the other has set.';
    yield { prop: 'service', value: service.resolved.name, reason: 'has an autoscaler already', fix };
  }
  if (service.split?.by === 'pods') {
    const fix = "Set split of the canary to 'gateway', and add GatewayRoutes.";
    const reason = 'has a canary whose share is a number of pods, which the autoscaler would change';
    yield { prop: 'service', value: service.resolved.name, reason, fix };
  }
  const least = allowSingleReplica ? 1 : 2;
  if (!(Number.isInteger(minReplicas) && minReplicas >= least)) {
    const fix = `Use a whole number, ${least} or more${allowSingleReplica ? '' : ', or set allowSingleReplica'}.`;
    yield { prop: 'minReplicas', value: minReplicas, reason: 'is not a valid minimum', fix };
  } else if (!(Number.isInteger(maxReplicas) && maxReplicas >= minReplicas && maxReplicas <= int32)) {
    const fix = `Use a whole number, ${minReplicas} (minReplicas) or more.`;
    yield { prop: 'maxReplicas', value: maxReplicas, reason: 'is not a valid maximum', fix };
  }
}
