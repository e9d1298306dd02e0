import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { metrics } from '../../service/contract/index.ts';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import { parseQuantity } from '../props/quantity.ts';
import { checkTargets, loadTargets, type LoadTargets } from './load-targets.ts';
import { checkBounds, replicaBounds, type ReplicaBounds } from './replica-bounds.ts';
import { checkSpeeds, scalingBehavior, scalingSpeeds, type ScalingSpeeds } from './scaling-speed.ts';

/** Props of Autoscaling. */
export interface AutoscalingProps extends ReplicaBounds, ScalingSpeeds, LoadTargets {
  /** The service whose number of pods is scaled. */
  readonly service: PredictionService;

  /**
   * Processor time that the pods should use on average, in percent of what they request. A whole number, 1 or more.
   * Pods are added above it; it must be well below what the limit allows.
   * @default 70, or none with `requestsInFlight` or `queuedRows`
   */
  readonly cpuUtilization?: number;
}

const types: PropTypes<AutoscalingProps> = {
  service: 'object',
  ...replicaBounds,
  ...scalingSpeeds,
  ...loadTargets,
  cpuUtilization: 'number',
};

/** An autoscaler changes nothing if a metric differs from its target by less than this. */
const tolerance = 0.1;

/**
 * Scales the pods of a service with a HorizontalPodAutoscaler. With several targets, the one that needs the most pods
 * counts. The Deployment then has no number of replicas: docs/scaling.md says how to hand it over from one that had.
 *
 * @explains HorizontalPodAutoscaler
 * @without The number of pods stays the same, whatever the load is.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class Autoscaling extends k8s.KubeHorizontalPodAutoscalerV2 {
  constructor(scope: Construct, id: string, props: AutoscalingProps) {
    const mistyped = findMistypedProps(props, types, ['service', 'maxReplicas']);
    if (mistyped.length > 0) throw new InvalidPropsError('Autoscaling', mistyped);
    const { service, maxReplicas } = props;
    const { name, replicas } = service.resolved;
    const { minReplicas = replicas } = props;
    const invalid = [...findInvalid(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`Autoscaling of '${name}'`, invalid);

    service.markHasAutoscaler();
    const { apiVersion, kind } = service.toScalingTarget();
    super(scope, id, {
      metadata: { name, namespace: service.namespace, labels: objectLabels(name) },
      spec: {
        /**
         * The Deployment whose number of pods changes.
         *
         * @explains HorizontalPodAutoscaler.spec.scaleTargetRef.**
         * @without Kubernetes refuses the autoscaler.
         */
        scaleTargetRef: { apiVersion, kind, name },
        minReplicas,
        maxReplicas,
        /**
         * What the pods should have on average. More run while they have more, and fewer while they have less. With
         * several targets, the one that needs the most pods counts.
         *
         * @explains HorizontalPodAutoscaler.spec.metrics.**
         * @without Kubernetes' default is 80 % of the processor time that the pods request.
         * @setBy Autoscaling.cpuUtilization
         */
        metrics: [...targets(props)],
        behavior: scalingBehavior(props),
      },
    });
    patchAsWritten(this);
  }
}

function* findInvalid(props: AutoscalingProps): Generator<InvalidProp> {
  const { service, cpuUtilization } = props;
  yield* checkBounds(service, props);
  yield* checkSpeeds(props);
  yield* checkTargets(props);
  const value = cpuUtilization ?? defaultCpu(props);
  if (value === undefined) return;
  if (!(Number.isInteger(value) && value >= 1)) {
    const fix = 'Use a whole percentage of the requested processor time, such as 70.';
    yield { prop: 'cpuUtilization', value, reason: 'is not a valid target', fix };
    return;
  }
  const { request, limit } = service.resolved.resources.cpu;
  const most = ((parseQuantity(limit) ?? Infinity) / (parseQuantity(request) ?? 1)) * 100;
  if (value * (1 + tolerance) < most) return;
  yield {
    prop: 'cpuUtilization',
    value,
    reason: `would never add a pod: with the limit '${limit}', pods use at most ${Math.floor(most)} % of '${request}'`,
    fix: `Use at most ${Math.ceil(most / (1 + tolerance)) - 1}, or raise resources.cpu.limit.`,
  };
}

const defaultCpu = ({ requestsInFlight, queuedRows }: AutoscalingProps): number | undefined =>
  requestsInFlight === undefined && queuedRows === undefined ? 70 : undefined;

function* targets(props: AutoscalingProps): Generator<k8s.MetricSpecV2> {
  const { requestsInFlight, queuedRows, cpuUtilization = defaultCpu(props) } = props;
  if (cpuUtilization !== undefined) {
    const target = { type: 'Utilization', averageUtilization: cpuUtilization };
    yield { type: 'Resource', resource: { name: 'cpu', target } };
  }
  if (requestsInFlight !== undefined) yield perPod(metrics.requestsInFlight, requestsInFlight);
  if (queuedRows !== undefined) yield perPod(metrics.queueRows, queuedRows);
}

/** Returns a target for a metric that the Prometheus adapter has of each pod. */
const perPod = (name: string, average: number): k8s.MetricSpecV2 => ({
  type: 'Pods',
  pods: {
    metric: { name },
    target: { type: 'AverageValue', averageValue: k8s.Quantity.fromString(quantity(average)) },
  },
});

/** Writes a number as Kubernetes stores it, in thousandths if it is not whole: a second apply changes nothing. */
const quantity = (value: number): string => (Number.isInteger(value) ? `${value}` : `${Math.ceil(value * 1000)}m`);
