import { k8s } from 'cdk8s-plus-27';
import type { PropTypes } from '../props/checks/types.ts';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import { noLimit, type RequestAndLimit, type Resources } from '../props/prediction-service-props.ts';
import { parseQuantity } from '../props/quantity.ts';

/** What all pods of a namespace may use together. */
export interface Quota {
  /**
   * Processor time. With the limit `none`, pods need no limit.
   *
   * @explains ResourceQuota.spec.hard["requests.cpu"]
   * @explains ResourceQuota.spec.hard["limits.cpu"]
   * @without The pods of this namespace can take the processor time that other teams need.
   * @setBy TenantNamespace.quota.cpu
   */
  readonly cpu: RequestAndLimit;
  /**
   * Memory of all pods together.
   *
   * @explains ResourceQuota.spec.hard["requests.memory"]
   * @explains ResourceQuota.spec.hard["limits.memory"]
   * @without The pods of this namespace can fill the nodes, and those of other teams find no room.
   * @setBy TenantNamespace.quota.memory
   */
  readonly memory: RequestAndLimit;
  /**
   * Disk space for log files and /tmp.
   * @default no quota
   * @explains ResourceQuota.spec.hard["requests.ephemeral-storage"]
   * @explains ResourceQuota.spec.hard["limits.ephemeral-storage"]
   * @without The pods of this namespace can fill the disks of the nodes.
   * @setBy TenantNamespace.quota.ephemeralStorage
   */
  readonly ephemeralStorage?: RequestAndLimit;
  /**
   * Number of pods, including those that a rolling update starts in addition.
   * @default no quota
   * @explains ResourceQuota.spec.hard.pods
   * @without Many small pods use up what a node can run: 110, unless it is configured otherwise.
   * @setBy TenantNamespace.quota.pods
   */
  readonly pods?: number;
  /**
   * Number of ports that Services may have on every node.
   * @default 0
   * @explains ResourceQuota.spec.hard["services.nodeports"]
   * @without The team can open ports on every node of the cluster.
   * @setBy TenantNamespace.quota.nodePorts
   */
  readonly nodePorts?: number;
  /**
   * Number of Services that may have a load balancer, which most clouds charge for.
   * @default 0
   * @explains ResourceQuota.spec.hard["services.loadbalancers"]
   * @without The team can order load balancers, each with an address outside the cluster and a price.
   * @setBy TenantNamespace.quota.loadBalancers
   */
  readonly loadBalancers?: number;
}

const requestAndLimit: PropTypes<RequestAndLimit> = { request: 'text', limit: 'text' };

/** The type of each resource, for `findMistypedProps`. */
export const amountTypes = { cpu: requestAndLimit, memory: requestAndLimit, ephemeralStorage: requestAndLimit };

/** The type of each field of a quota, for `findMistypedProps`. */
export const quotaTypes: PropTypes<Quota> = {
  ...amountTypes,
  pods: 'number',
  nodePorts: 'number',
  loadBalancers: 'number',
};

/** The names that Kubernetes has for the resources. */
export const resourceNames = { cpu: 'cpu', memory: 'memory', ephemeralStorage: 'ephemeral-storage' } as const;
/** A resource by the name of its prop. */
export type ResourceProp = keyof typeof resourceNames;

type Amounts = Record<string, k8s.Quantity>;
const quantity = (value: string | number): k8s.Quantity => k8s.Quantity.fromString(`${value}`);
const resourcesOf = (amounts: Partial<Resources>): readonly (readonly [ResourceProp, RequestAndLimit])[] =>
  (Object.keys(resourceNames) as ResourceProp[]).flatMap((prop) => (amounts[prop] ? [[prop, amounts[prop]]] : []));

/** Returns the most that the namespace may have, for a ResourceQuota. */
export function hardQuota({ pods, nodePorts = 0, loadBalancers = 0, ...amounts }: Quota): Amounts {
  return {
    ...Object.fromEntries(
      resourcesOf(amounts).flatMap(([prop, { request, limit }]) => [
        [`requests.${resourceNames[prop]}`, quantity(request)],
        ...(limit === noLimit ? [] : [[`limits.${resourceNames[prop]}`, quantity(limit)] as const]),
      ]),
    ),
    ...(pods !== undefined && { pods: quantity(pods) }),
    'services.nodeports': quantity(nodePorts),
    'services.loadbalancers': quantity(loadBalancers),
  };
}

/** Returns what a container gets that does not say what it needs. Otherwise, a quota would refuse its pod. */
export function containerDefaults(defaults: Resources): k8s.LimitRangeItem {
  const amounts = resourcesOf(defaults);
  return {
    /**
     * The defaults are for each container, not for a pod or a volume.
     *
     * @explains LimitRange.spec.limits[].type
     * @without Kubernetes refuses the LimitRange.
     */
    type: 'Container',
    defaultRequest: Object.fromEntries(amounts.map(([prop, { request }]) => [resourceNames[prop], quantity(request)])),
    default: Object.fromEntries(
      amounts.flatMap(([prop, { limit }]) => (limit === noLimit ? [] : [[resourceNames[prop], quantity(limit)]])),
    ),
  };
}

/** Checks the amounts in a prop, by the prop's path. */
export function* checkAmounts(prop: string, amounts: Partial<Resources>): Generator<InvalidProp> {
  for (const [resource, { request, limit }] of resourcesOf(amounts)) {
    const least = parseQuantity(request);
    const most = limit === noLimit && resource === 'cpu' ? Infinity : parseQuantity(limit);
    for (const [end, value, parsed] of [
      ['request', request, least],
      ['limit', limit, most],
    ] as const)
      if (parsed === undefined || parsed <= 0) {
        const fix = "Use a number with a suffix, such as '500m' for half a CPU, or '512Mi'.";
        yield { prop: `${prop}.${resource}.${end}`, value, reason: 'is not a quantity above zero', fix };
      }
    if (least !== undefined && most !== undefined && most < least) {
      const fix = `Use at least '${request}', or lower the request.`;
      yield { prop: `${prop}.${resource}.limit`, value: limit, reason: 'is below the request', fix };
    }
  }
}

/** Checks the numbers of a quota. */
export function* checkCounts({ pods, nodePorts, loadBalancers }: Quota): Generator<InvalidProp> {
  for (const [prop, value] of Object.entries({ pods, nodePorts, loadBalancers }))
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 0))
      yield {
        prop: `quota.${prop}`,
        value,
        reason: 'is not a number of objects',
        fix: 'Use a whole number, 0 or more.',
      };
}
