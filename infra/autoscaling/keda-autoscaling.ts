import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { metrics } from '../../service/contract/index.ts';
import type { PredictionService } from '../constructs/prediction-service.ts';
import { objectLabels } from '../metadata/labels.ts';
import { patchAsWritten } from '../metadata/patches.ts';
import { podMatchers } from '../observability/promql.ts';
import { findMistypedProps, type PropTypes } from '../props/checks/types.ts';
import { InvalidPropsError, type InvalidProp } from '../props/invalid-props-error.ts';
import { checkTargets, isPositive, loadTargets, type LoadTargets } from './load-targets.ts';
import { checkBounds, replicaBounds, type ReplicaBounds } from './replica-bounds.ts';
import { checkSpeeds, scalingBehavior, scalingSpeeds, type ScalingSpeeds } from './scaling-speed.ts';

/** A query of Prometheus whose value decides how many pods run. */
export interface PrometheusQuery {
  /**
   * The query, in PromQL. Its result must be one number, the load on all pods together, even if there is no load:
   * `sum(my_queue_length) or vector(0)`.
   */
  readonly query: string;
  /** The part of it that each pod should have. Above zero. */
  readonly perReplica: number;
  /**
   * With `scaleToZero`: the value above which pods run at all. 0 or more.
   * @default 0
   * @explains ScaledObject.spec.triggers[].metadata.activationThreshold
   * @without The default is the same.
   * @setBy KedaAutoscaling.queries
   */
  readonly activation?: number;
}

/** Props of KedaAutoscaling. */
export interface KedaAutoscalingProps extends ReplicaBounds, ScalingSpeeds, LoadTargets {
  /** The service whose number of pods is scaled. */
  readonly service: PredictionService;

  /**
   * The URL of Prometheus, as KEDA reaches it: `http://prometheus.monitoring:9090`.
   *
   * @explains ScaledObject.spec.triggers[].metadata.serverAddress
   * @without KEDA refuses the trigger.
   * @setBy KedaAutoscaling.prometheus
   */
  readonly prometheus: string;

  /**
   * Other measures of the load, such as the length of a queue that another system has.
   * @default none
   */
  readonly queries?: readonly PrometheusQuery[];

  /**
   * Whether no pod runs while every query is at or below its `activation`. Needs one of `queries` that does not depend
   * on the service's own metrics: without pods there are none, so nothing would ever start a pod. Requests fail until
   * the first pod is ready.
   * @default false
   * @explains ScaledObject.spec.idleReplicaCount
   * @without The fewest pods, which are for requests that may come at any time, run day and night.
   * @setBy KedaAutoscaling.scaleToZero
   */
  readonly scaleToZero?: boolean;

  /**
   * Seconds without load after which the last pods are removed, with `scaleToZero`. 0 or more.
   * @default 300
   * @explains ScaledObject.spec.cooldownPeriod
   * @without The default is the same. A short one stops pods that the next request starts again, slowly.
   * @setBy KedaAutoscaling.cooldownSeconds
   */
  readonly cooldownSeconds?: number;

  /**
   * Seconds between two queries. 1 or more.
   * @default 15
   * @explains ScaledObject.spec.pollingInterval
   * @without KEDA asks every 30 seconds: the pods for more requests start later.
   * @setBy KedaAutoscaling.pollingSeconds
   */
  readonly pollingSeconds?: number;
}

const types: PropTypes<KedaAutoscalingProps> = {
  service: 'object',
  prometheus: 'text',
  ...replicaBounds,
  ...scalingSpeeds,
  ...loadTargets,
  queries: 'list',
  scaleToZero: 'true or false',
  cooldownSeconds: 'number',
  pollingSeconds: 'number',
};

/**
 * After how many failed queries in a row the number of pods no longer follows them.
 *
 * @explains ScaledObject.spec.fallback.failureThreshold
 * @without KEDA refuses the fallback.
 */
const failureThreshold = 3;

/**
 * Scales the pods of a service with KEDA, by queries of Prometheus. While Prometheus does not respond, the pods that
 * run stay. KEDA creates the HorizontalPodAutoscaler itself, so use this or Autoscaling. Needs KEDA 2.17 or newer in
 * the cluster.
 *
 * @explains ScaledObject
 * @without The number of pods stays the same, whatever the load is.
 * @throws {InvalidPropsError} if a prop would not work on a cluster
 */
export class KedaAutoscaling extends ApiObject {
  constructor(scope: Construct, id: string, props: KedaAutoscalingProps) {
    const mistyped = findMistypedProps(props, types, ['service', 'maxReplicas', 'prometheus']);
    if (mistyped.length > 0) throw new InvalidPropsError('KedaAutoscaling', mistyped);
    const { service, maxReplicas, scaleToZero = false } = props;
    const { name, replicas } = service.resolved;
    const { minReplicas = replicas } = props;
    const invalid = [...checkBounds(service, props), ...checkSpeeds(props), ...checkQueries(props)];
    if (invalid.length > 0) throw new InvalidPropsError(`KedaAutoscaling of '${name}'`, invalid);

    service.markHasAutoscaler();
    const { apiVersion, kind } = service.toScalingTarget();
    super(scope, id, {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name, namespace: service.namespace, labels: objectLabels(name) },
      spec: {
        /**
         * The Deployment whose number of pods changes.
         *
         * @explains ScaledObject.spec.scaleTargetRef.**
         * @without KEDA refuses the ScaledObject.
         */
        scaleTargetRef: { apiVersion, kind, name },
        ...(scaleToZero && { idleReplicaCount: 0, cooldownPeriod: props.cooldownSeconds ?? 300 }),
        minReplicaCount: minReplicas,
        maxReplicaCount: maxReplicas,
        pollingInterval: props.pollingSeconds ?? 15,
        /**
         * While Prometheus does not respond, the pods that run stay, and there are at least the fewest.
         *
         * @explains ScaledObject.spec.fallback.**
         * @without The number stays what it happens to be: 0, if there was no load before.
         */
        fallback: { failureThreshold, replicas: minReplicas, behavior: 'currentReplicasIfHigher' },
        advanced: {
          /**
           * The pods that run stay if somebody deletes the ScaledObject.
           *
           * @explains ScaledObject.spec.advanced.restoreToOriginalReplicaCount
           * @without The default is the same. With true, the number from before the ScaledObject would come back.
           */
          restoreToOriginalReplicaCount: false,
          horizontalPodAutoscalerConfig: {
            behavior: k8s.toJson_HorizontalPodAutoscalerBehaviorV2(scalingBehavior(props)) as unknown,
          },
        },
        triggers: [...triggers(props)],
      },
    });
    patchAsWritten(this);
  }
}

const isAtLeast = (least: number, value: number): boolean => Number.isInteger(value) && value >= least;

function* checkQueries(props: KedaAutoscalingProps): Generator<InvalidProp> {
  const { prometheus, requestsInFlight, queuedRows, queries = [], scaleToZero = false } = props;
  if (!/^https?:/.test(prometheus) || !URL.canParse(prometheus)) {
    const fix = "Use the URL of Prometheus as KEDA reaches it, such as 'http://prometheus.monitoring:9090'.";
    yield { prop: 'prometheus', value: prometheus, reason: 'is not a URL', fix };
  }
  yield* checkTargets(props);
  for (const [index, query] of (queries as readonly Partial<PrometheusQuery>[]).entries())
    yield* checkQuery(`queries.${index}`, query);
  for (const [prop, least] of Object.entries({ pollingSeconds: 1, cooldownSeconds: 0 } as const)) {
    const value = props[prop as 'pollingSeconds' | 'cooldownSeconds'];
    if (value === undefined || isAtLeast(least, value)) continue;
    yield { prop, value, reason: 'is out of range', fix: `Use a whole number of seconds, ${least} or more.` };
  }
  if (requestsInFlight === undefined && queuedRows === undefined && queries.length === 0) {
    const fix = 'Set requestsInFlight, queuedRows or queries.';
    yield { prop: 'queries', value: queries, reason: 'leave KEDA nothing to scale by', fix };
  } else if (scaleToZero && queries.every(({ query }) => ownMetric.test(query))) {
    const fix = 'Add one of queries that measures the load elsewhere, such as the requests at the gateway.';
    yield {
      prop: 'scaleToZero',
      value: true,
      reason: 'could never start a pod: without one, the service has no metrics',
      fix,
    };
  }
}

/** Matches a metric that the service exports. Any other may exist while no pod runs. */
const ownMetric = new RegExp(`\\b(${Object.values(metrics).join('|')})`);

function* checkQuery(
  prop: string,
  { query, perReplica, activation }: Partial<PrometheusQuery>,
): Generator<InvalidProp> {
  if (typeof query !== 'string' || query.trim() === '')
    yield { prop: `${prop}.query`, value: query, reason: 'is not a query', fix: 'Use one in PromQL.' };
  if (!isPositive(perReplica)) {
    const fix = 'Use a number above zero: the part of the load that one pod should have.';
    yield { prop: `${prop}.perReplica`, value: perReplica, reason: 'is not a valid target', fix };
  }
  if (activation !== undefined && !(Number.isFinite(activation) && activation >= 0))
    yield { prop: `${prop}.activation`, value: activation, reason: 'is not a valid bound', fix: 'Use 0 or more.' };
}

function* triggers(props: KedaAutoscalingProps): Generator<object> {
  const { service, prometheus, requestsInFlight, queuedRows, queries = [], scaleToZero = false } = props;
  /**
   * What decides how many pods run: the result of a query of Prometheus, divided by what each pod should have of it.
   * With several, the one that needs the most pods counts.
   *
   * @explains ScaledObject.spec.triggers[].**
   * @without KEDA has nothing to scale by, and refuses the ScaledObject.
   * @setBy KedaAutoscaling.requestsInFlight
   * @setBy KedaAutoscaling.queuedRows
   * @setBy KedaAutoscaling.queries
   */
  const trigger = (query: string, perReplica: number, more: object): object => ({
    type: 'prometheus',
    metricType: 'AverageValue',
    metadata: { serverAddress: prometheus, query, threshold: `${perReplica}`, ...more },
  });
  /**
   * Whether no result means no load. It does only if there may be no pod; otherwise the scrape has failed.
   *
   * @explains ScaledObject.spec.triggers[].metadata.ignoreNullValues
   * @without The default is true: while Prometheus does not scrape the pods, KEDA removes them.
   * @setBy KedaAutoscaling.scaleToZero
   */
  const own = { ignoreNullValues: `${scaleToZero}` };
  const total = (metric: string): string => `sum(avg_over_time(${metric}{${podMatchers(service.resolved)}}[1m]))`;
  if (requestsInFlight !== undefined) yield trigger(total(metrics.requestsInFlight), requestsInFlight, own);
  if (queuedRows !== undefined) yield trigger(total(metrics.queueRows), queuedRows, own);
  for (const { query, perReplica, activation = 0 } of queries)
    yield trigger(query, perReplica, { activationThreshold: `${activation}`, ignoreNullValues: 'false' });
}
