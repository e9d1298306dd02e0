import type * as core from 'kubernetes-types/core/v1.js';
import { parseQuantity } from '../props/quantity.ts';
import type { Resources } from '../props/prediction-service-props.ts';
import { resourceNames, type ResourceProp } from './quota.ts';

/** A manifest, as far as it uses a quota. */
export interface UsingManifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly replicas?: number;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string };
    };
    readonly template?: { readonly spec: core.PodSpec };
    readonly scaleTargetRef?: { readonly name: string };
    readonly maxReplicas?: number;
    readonly maxReplicaCount?: number;
    readonly type?: string;
    readonly ports?: readonly unknown[];
  };
}

/** The most that one workload uses. */
export interface Usage {
  readonly name: string;
  /** Pods at the most replicas, and those that a rolling update starts in addition. */
  readonly pods: number;
  /** What each pod requests, by resource. */
  readonly request: Readonly<Record<ResourceProp, number>>;
  /** What each pod may use. Infinity if a container has no limit. */
  readonly limit: Readonly<Record<ResourceProp, number>>;
}

/** Returns the most that each workload among the manifests of a namespace uses. */
export function usageOf(manifests: readonly UsingManifest[], defaults: Resources): readonly Usage[] {
  return manifests.flatMap(({ kind, metadata: { name }, spec }) => {
    if (spec?.template === undefined || !['Deployment', 'StatefulSet'].includes(kind)) return [];
    const scaled = manifests
      .filter((other) => other.spec?.scaleTargetRef?.name === name)
      .map((other) => other.spec?.maxReplicas ?? other.spec?.maxReplicaCount ?? 0);
    const replicas = Math.max(spec.replicas ?? (scaled.length > 0 ? 0 : 1), ...scaled);
    const pod = spec.template.spec;
    return [
      {
        name,
        pods: replicas + (kind === 'Deployment' ? surge(replicas, spec.strategy) : 0),
        request: perPod(pod, defaults, 'request'),
        limit: perPod(pod, defaults, 'limit'),
      },
    ];
  });
}

/** Returns how many pods a rolling update starts before it stops one. A quarter is the default of Kubernetes. */
function surge(replicas: number, strategy: NonNullable<UsingManifest['spec']>['strategy']): number {
  if (replicas === 0 || strategy?.type === 'Recreate') return 0;
  const { maxSurge = '25%' } = strategy?.rollingUpdate ?? {};
  return typeof maxSurge === 'number' ? maxSurge : Math.ceil((Number.parseInt(maxSurge, 10) / 100) * replicas);
}

/** Sums up containers and sidecars. Other init containers run before, so only the largest counts. */
function perPod(pod: core.PodSpec, defaults: Resources, end: 'request' | 'limit'): Record<ResourceProp, number> {
  const inits = pod.initContainers ?? [];
  const together = [...pod.containers, ...inits.filter(isSidecar)];
  const before = inits.filter((container) => !isSidecar(container));
  const props = Object.keys(resourceNames) as ResourceProp[];
  return Object.fromEntries(
    props.map((prop) => {
      const amount = (container: core.Container): number => amountOf(container, prop, defaults, end);
      return [prop, Math.max(sum(together.map(amount)), ...before.map(amount))];
    }),
  ) as Record<ResourceProp, number>;
}

const isSidecar = (container: core.Container): boolean =>
  (container as { readonly restartPolicy?: string }).restartPolicy === 'Always';

/** As the API server does it: a missing request is the limit, and what is missing then comes from the LimitRange. */
function amountOf(
  container: core.Container,
  prop: ResourceProp,
  defaults: Resources,
  end: 'request' | 'limit',
): number {
  const name = resourceNames[prop];
  const limit = container.resources?.limits?.[name];
  const given = end === 'limit' ? limit : (container.resources?.requests?.[name] ?? limit);
  // A CPU request without a limit is a decision, which a default limit would undo.
  if (given === undefined && end === 'limit' && container.resources?.requests?.[name] !== undefined) return Infinity;
  return parseQuantity(given ?? defaults[prop][end]) ?? Infinity;
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
