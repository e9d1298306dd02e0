import type { PredictionService } from '../constructs/prediction-service.ts';

/** The service that a construct monitors: its name and namespace. */
export interface MonitoredService {
  readonly name: string;
  readonly namespace: string;
  /** Whether it counts the values that its models get and predict. @default false */
  readonly drift?: boolean;
  /** Whether its requests may have tokens, whose keys it fetches. @default false */
  readonly tokens?: boolean;
}

/** Returns what rules and panels need to know of a service. */
export const monitored = (service: PredictionService): MonitoredService => ({
  name: service.deployment.name,
  namespace: service.namespace,
  drift: Number(service.resolved.settings.DRIFT_SAMPLE ?? 0) > 0,
  tokens: service.resolved.jwt !== undefined,
});

/** Kubernetes cuts the generated name of a pod after this many characters, and adds five random ones. */
const longestPodPrefix = 58;
/** The longest hash in the name of a ReplicaSet. */
const longestHash = 10;

/**
 * Returns a regular expression for the names of a service's pods, and of no other service's in the namespace: `iris`
 * must not match the pods of `iris-wine`.
 */
export function podPattern({ name }: MonitoredService): string {
  const prefix = `${name}-`;
  return prefix.length + longestHash + 1 > longestPodPrefix
    ? `${prefix.slice(0, longestPodPrefix)}.*`
    : `${prefix}[a-z0-9]+-[a-z0-9]+`;
}

/**
 * Returns the matchers for series of a service's pods. They depend on `namespace` and `pod` only, which a PodMonitor,
 * the usual scrape configurations, kube-state-metrics and cAdvisor all set.
 */
export const podMatchers = (service: MonitoredService): string =>
  `namespace="${service.namespace}",pod=~"${podPattern(service)}"`;

/** Returns the matchers for series that kube-state-metrics has of a service's Deployment. */
export const deploymentMatchers = ({ name, namespace }: MonitoredService): string =>
  `namespace="${namespace}",deployment="${name}"`;

/** Matches requests that are for a model, not for a probe, a scrape or the documentation. */
export const forModel = 'model!=""';

/**
 * A regular expression for the codes of requests that the service failed: HTTP 5xx, and the statuses of gRPC that
 * correspond. RESOURCE_EXHAUSTED is not among them, because a body that is too large gets it too.
 */
export const failedCodes = '5..|DEADLINE_EXCEEDED|INTERNAL|UNAVAILABLE|UNKNOWN';

/** Matches requests that the service failed. */
export const failed = `code=~"${failedCodes}"`;

/**
 * Matches the bucket of a histogram up to a bound. Since version 3, Prometheus stores a whole number as `1.0`; older
 * versions store it as the service writes it, `1`.
 */
export const bucketUpTo = (bound: number): string =>
  Number.isInteger(bound) ? `le=~"${bound}|${bound}.0"` : `le="${bound}"`;
