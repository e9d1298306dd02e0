import { ApiObject, Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import type { InvalidProp } from '../props/invalid-props-error.ts';
import { noLimit, type Resources } from '../props/prediction-service-props.ts';
import { parseQuantity } from '../props/quantity.ts';
import { resourceNames, type Quota, type ResourceProp } from './quota.ts';
import { sum, usageOf, type Usage, type UsingManifest } from './usage.ts';

/** A namespace, and the charts that have objects in it. */
interface Namespace {
  readonly name: string;
  readonly quota: Quota;
  /** What containers get that do not say what they need. */
  readonly defaults: Resources;
  /** Ids of charts. @default every chart of the app */
  readonly charts?: readonly string[];
}

/** Finds what the objects of an app that are in a namespace need beyond its quota. */
export function* findExceeded(construct: Construct, namespace: Namespace): Generator<InvalidProp> {
  const { name, quota, defaults, charts } = namespace;
  const all = construct.node.root.node.findAll().filter((other) => ApiObject.isApiObject(other));
  const counted = all.filter((object) => charts?.includes(Chart.of(object).node.id) ?? true);
  const unknown = charts?.filter((id) => !all.some((object) => Chart.of(object).node.id === id)) ?? [];
  if (unknown.length > 0) {
    const fix = `The app has ${[...new Set(all.map((object) => Chart.of(object).node.id))].join(', ')}.`;
    yield { prop: 'charts', value: unknown, reason: 'are not charts of the app', fix };
  }
  const twin = counted.find(
    (object) => object.kind === 'Namespace' && object.name === name && !construct.node.findAll().includes(object),
  );
  if (twin !== undefined) {
    const fix = 'Leave it to TenantNamespace: set createNamespace to false there.';
    yield { prop: 'name', value: name, reason: `is created a second time, by ${twin.node.path}`, fix };
  }
  const manifests = counted
    .filter((object) => object.metadata.namespace === name)
    .map((object) => object.toJson() as UsingManifest);
  yield* findExceededUse(quota, usageOf(manifests, defaults));
  yield* findExceededServices(quota, manifests);
}

function* findExceededUse(quota: Quota, usages: readonly Usage[]): Generator<InvalidProp> {
  for (const resource of Object.keys(resourceNames) as ResourceProp[]) {
    for (const end of ['request', 'limit'] as const) {
      const value = quota[resource]?.[end];
      if (value === undefined || value === noLimit) continue;
      const needed = sum(usages.map((usage) => usage.pods * usage[end][resource]));
      if (needed <= (parseQuantity(value) ?? 0) * (1 + Number.EPSILON * usages.length)) continue;
      const prop = `quota.${resource}.${end}`;
      const unlimited = usages.find((usage) => usage[end][resource] === Infinity);
      if (unlimited !== undefined) {
        const fix = `Give ${unlimited.name} a limit, or set ${prop} to '${noLimit}'.`;
        yield { prop, value, reason: `needs a limit of every pod, and ${unlimited.name} has none`, fix };
        continue;
      }
      const parts = usages.map(
        ({ name, pods, [end]: { [resource]: each } }) => `${name} ${pods} × ${written(resource, each)}`,
      );
      const reason = `is less than its services need, ${written(resource, needed)}: ${parts.join(', ')}`;
      yield { prop, value, reason, fix: `Raise it, or lower \`replicas\`, \`maxReplicas\` or \`resources\`. ${surge}` };
    }
  }
  const pods = sum(usages.map((usage) => usage.pods));
  if (quota.pods !== undefined && pods > quota.pods) {
    const parts = usages.map((usage) => `${usage.name} ${usage.pods}`);
    const reason = `is less than the ${pods} pods of its services: ${parts.join(', ')}`;
    yield { prop: 'quota.pods', value: quota.pods, reason, fix: `Raise it, or lower \`replicas\`. ${surge}` };
  }
}

const surge = 'Each service needs room for the pod that a rolling update starts in addition.';

function* findExceededServices({ nodePorts = 0, loadBalancers = 0 }: Quota, manifests: readonly UsingManifest[]) {
  const services = manifests.filter(({ kind }) => kind === 'Service');
  // A load balancer usually has node ports too.
  const open = services.filter(({ spec }) => ['NodePort', 'LoadBalancer'].includes(spec?.type ?? ''));
  const needed = {
    nodePorts: sum(open.map(({ spec }) => spec?.ports?.length ?? 0)),
    loadBalancers: services.filter(({ spec }) => spec?.type === 'LoadBalancer').length,
  };
  for (const [prop, value] of Object.entries({ nodePorts, loadBalancers }) as [keyof typeof needed, number][])
    if (needed[prop] > value) {
      const names = open.map(({ metadata }) => metadata.name).join(', ');
      const fix = 'Raise it, or publish the services in another way, such as through a Gateway.';
      yield { prop: `quota.${prop}`, value, reason: `is less than its Services need, ${needed[prop]}: ${names}`, fix };
    }
}

/** Writes an amount as people do: `1500m`, `640Mi`. */
function written(resource: ResourceProp, amount: number): string {
  if (resource !== 'cpu') return `${Math.ceil(amount / 2 ** 20)}Mi`;
  const thousandths = Math.round(amount * 1000);
  return thousandths % 1000 === 0 ? `${thousandths / 1000}` : `${thousandths}m`;
}
