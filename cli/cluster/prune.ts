import type { Manifests } from '../project/manifests.ts';
import type { KubernetesObject, List, ReplicaSet, Service } from '../kubernetes.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDelete, kubectlGet } from '../tools/kubectl.ts';
import { deleted, ownKinds, ownSelector, removeInstallation } from './owned-objects.ts';
import { isSameInstallation, type Installation } from './applied.ts';

/**
 * Deletes what bears Rhizome's labels and is no longer in the manifests: of the installation itself, and all of those
 * that have another name now. For after the rollout: the replicas before it need their ConfigMap until they are gone.
 * What an earlier ReplicaSet that Kubernetes keeps refers to stays, for `kubectl rollout undo`.
 * @returns what was deleted, in kubectl's words
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
  const kept = new Set(
    items
      .filter(({ kind }) => kind === 'ReplicaSet')
      .flatMap(({ spec }) => referredTo((spec as ReplicaSet['spec'])?.template)),
  );
  const wanted = new Set(manifests.objects.map(nameOf));
  const old = items
    .filter((item) => item.kind !== 'ReplicaSet' && !wanted.has(nameOf(item)) && !kept.has(nameOf(item)))
    .map(nameOf);

  const removed = old.length === 0 ? [] : deleted(await exec(context, kubectlDelete(scope, ...old)));
  for (const installation of installations.filter((other) => !isSameInstallation(other, manifests))) {
    removed.push(...(await removeInstallation(context, kubeContext, installation)));
  }
  return removed;
}

/** A NodePort belongs to one Service at a time: one of a former name, which keeps it from the new, has to go first. */
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

/** As kubectl takes it, and one name for one object: `configmap/iris-server-1`. */
const nameOf = ({ kind, metadata }: KubernetesObject): string => `${kind.toLowerCase()}/${metadata.name}`;

/** The ConfigMaps and the ServiceAccount that a pod template names, at whatever place. */
function referredTo(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) => {
    if (key === 'serviceAccountName') return [`serviceaccount/${String(inner)}`];
    const isReference =
      ['configMap', 'configMapRef', 'configMapKeyRef'].includes(key) &&
      inner !== null &&
      typeof inner === 'object' &&
      'name' in inner;
    return isReference ? [`configmap/${String(inner.name)}`] : referredTo(inner);
  });
}
