/**
 * The Kubernetes objects that the command line reads. `kubernetes-types` declares almost every field as optional; the
 * types here require those that the API server requires in a manifest or fills in itself.
 */
import type * as apps from 'kubernetes-types/apps/v1.js';
import type * as core from 'kubernetes-types/core/v1.js';
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js';

export type { Container, EnvVarSource, Event, Probe } from 'kubernetes-types/core/v1.js';

interface Metadata extends ObjectMeta {
  name: string;
}

type Named<T> = T & { readonly metadata: Metadata };
type WithSpec<T extends { spec?: unknown }> = T & { readonly spec: NonNullable<T['spec']> };

/** An object that the API server returned: named, identified, and with the status that its controller wrote. */
type Live<K extends string, T> = T & { readonly kind: K; readonly metadata: Metadata & { uid: string } };
type WithStatus<T extends { spec?: unknown; status?: unknown }> = WithSpec<T> & {
  readonly status: NonNullable<T['status']>;
};

/** Any object of a manifest file. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly spec?: unknown;
}

/** Returns the API group as kubectl appends it to the name of a resource: `.apps`; '' for the core group. */
export const groupSuffix = (apiVersion: string): string =>
  apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';

// In a manifest.
export type Deployment = Named<WithSpec<apps.Deployment>> & {
  readonly spec: { readonly template: WithSpec<core.PodTemplateSpec> };
};
export type Service = Named<WithSpec<core.Service>>;
export type ConfigMap = Named<core.ConfigMap>;
export type Secret = Named<core.Secret>;

// On a cluster.
export type LiveDeployment = Live<'Deployment', WithStatus<apps.Deployment>>;
export type ReplicaSet = Live<'ReplicaSet', apps.ReplicaSet>;
export type Pod = Live<'Pod', WithStatus<core.Pod>>;
export type Node = Live<'Node', WithStatus<core.Node>>;

/** What `kubectl get --output json` prints. */
export interface List<T> {
  readonly items: readonly T[];
}
