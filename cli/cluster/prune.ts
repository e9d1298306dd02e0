import type { Manifests } from '../project/manifests.ts';
import type { KubernetesObject, List, ReplicaSet, Service } from '../kubernetes.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDelete, kubectlGet } from '../tools/kubectl.ts';
import { customObjects } from './custom-kinds.ts';
import { ownKinds, ownSelector, parseDeleted, removeInstallation, resource } from './owned-objects.ts';
import { isSameInstallation, type Installation } from './applied.ts';

/**
 * Deletes objects that carry Rhizome's labels and are no longer in the manifests, and installations whose name or
 * namespace has changed. Call it after the rollout, since the old replicas need their ConfigMap until they are gone.
 * Objects that a previous ReplicaSet refers to are kept, for `kubectl rollout undo`.
 * @returns what was deleted, as kubectl prints it
 */
export async function prune(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  installations: readonly Installation[],
): Promise<readonly string[]> {
  const scope = { context: kubeContext, namespace: manifests.namespace };
  const output = await exec(
    context,
    kubectlGet(scope, [...ownKinds, 'replicaset.apps'], ownSelector(manifests), '--output', 'json'),
  );
  const { items } = JSON.parse(output) as List<KubernetesObject>;
  const custom = await customObjects(context, scope, ownSelector(manifests));
  const kept = new Set(
    items
      .filter(({ kind }) => kind === 'ReplicaSet')
      .flatMap(({ spec }) => references((spec as ReplicaSet['spec'])?.template)),
  );
  const wanted = new Set(manifests.objects.flatMap((object) => [nameOf(object), nameWithGroup(object)]));
  // What a controller has created may have the labels of its owner, and is deleted with it.
  const isOwn = ({ metadata }: KubernetesObject): boolean => (metadata.ownerReferences ?? []).length === 0;
  const old = [
    ...items.filter((item) => item.kind !== 'ReplicaSet' && isOwn(item)).map(nameOf),
    ...custom.filter(isOwn).map(nameWithGroup),
  ].filter((name) => !wanted.has(name) && !kept.has(name));

  const removed = old.length === 0 ? [] : parseDeleted(await exec(context, kubectlDelete(scope, ...old)));
  for (const installation of installations.filter((other) => !isSameInstallation(other, manifests))) {
    removed.push(...(await removeInstallation(context, kubeContext, installation)));
  }
  return removed;
}

/** Deletes Services of former installations that hold the NodePort, since only one Service at a time can have it. */
export async function freeNodePort(
  context: ExecContext,
  kubeContext: string,
  { service, ...manifests }: Manifests,
  installations: readonly Installation[],
): Promise<void> {
  if (service.nodePort === undefined) return;
  for (const installation of installations.filter((other) => !isSameInstallation(other, manifests))) {
    const scope = { context: kubeContext, namespace: installation.namespace };
    const { items } = JSON.parse(
      await exec(context, kubectlGet(scope, ['services'], ownSelector(installation), '--output', 'json')),
    ) as List<Service>;
    const holders = items
      .filter(({ spec }) => spec.ports?.some(({ nodePort }) => nodePort === service.nodePort) === true)
      .map(({ metadata }) => `service/${metadata.name}`);
    if (holders.length > 0) await exec(context, kubectlDelete(scope, ...holders), { stream: true });
  }
}

/** The object's name for kubectl: `configmap/iris-server-1`. */
const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind.toLowerCase()}/${metadata.name}`;

/** The same with the API group, since two projects may have a kind of the same name: `scaledobject.keda.sh/iris`. */
const nameWithGroup = (object: KubernetesObject): string => `${resource(object)}/${object.metadata.name}`;

/** Returns the ConfigMaps and the ServiceAccount that a pod template refers to, at any depth. */
function references(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key === 'serviceAccountName') return [`serviceaccount/${String(inner)}`];
    const isReference =
      ['configMap', 'configMapRef', 'configMapKeyRef'].includes(key) &&
      inner !== null &&
      typeof inner === 'object' &&
      'name' in inner;
    return isReference ? [`configmap/${String(inner.name)}`] : references(inner);
  });
}
