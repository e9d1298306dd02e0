import { applicationLabel } from '../../infra/metadata/labels.ts';
import { isPriorityClassOf } from '../../infra/metadata/names.ts';
import { groupSuffix, type KubernetesObject } from '../kubernetes.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDelete, kubectlGet, type Scope } from '../tools/kubectl.ts';
import { customKinds } from './custom-kinds.ts';
import type { Installation } from './applied.ts';

/** The label of every object that infra/ creates, including ConfigMaps of previous configurations. */
const ownLabel = 'app.kubernetes.io/managed-by';

/** Selects the objects of one installation, those of its canary and its shadow included. */
export const ownSelector = ({ deployment }: Installation): string =>
  `--selector=${ownLabel}=rhizome,${applicationLabel}=${deployment}`;

/** The kinds that are pruned, by kubectl's names. Namespaces are handled separately. */
export const ownKinds = [
  'deployment.apps',
  'service',
  'configmap',
  'serviceaccount',
  'poddisruptionbudget.policy',
  'networkpolicy.networking.k8s.io',
  'horizontalpodautoscaler.autoscaling',
  'ingress.networking.k8s.io',
] as const;

export const lines = (output: string): string[] => output.split('\n').filter((line) => line !== '');

/** Reads `deployment.apps "iris-server"` in `deployment.apps "iris-server" deleted from iris-server namespace`. */
export const parseDeleted = (output: string): string[] =>
  lines(output).flatMap((line) => /^(.*) deleted/.exec(line)?.[1] ?? []);

/**
 * Deletes an installation: by label in its namespace, and by name what belongs to the whole cluster, where other
 * namespaces may have objects with the same labels. Deletes the namespace last, and only if `up` created it and it
 * contains nothing else, such as a Secret that was created by hand.
 * @param objects those of its manifests, whose kinds are deleted in addition to `ownKinds`
 */
export async function removeInstallation(
  context: ExecContext,
  kubeContext: string,
  installation: Installation,
  objects: readonly KubernetesObject[] = [],
): Promise<readonly string[]> {
  const { namespace } = installation;
  const scope: Scope = { context: kubeContext, namespace };
  const others = objects.filter(({ kind }) => kind !== 'Namespace');
  const isShared = ({ metadata }: KubernetesObject): boolean => metadata.namespace === undefined;
  const kinds = new Set([
    ...ownKinds,
    ...(await customKinds(context, scope)),
    ...others.filter((object) => !isShared(object)).map(resource),
  ]);
  const priorityClasses = await priorityClassesOf(context, scope, installation);
  const removed = parseDeleted(
    await exec(context, kubectlDelete(scope, [...kinds].join(','), ownSelector(installation))),
  );
  const shared = new Set([
    ...others.filter(isShared).map((object) => `${resource(object)}/${object.metadata.name}`),
    ...priorityClasses.map((name) => `priorityclass.scheduling.k8s.io/${name}`),
  ]);
  if (shared.size > 0) removed.push(...parseDeleted(await exec(context, kubectlDelete(scope, ...shared))));
  return [...removed, ...(await removeNamespace(context, scope, installation))];
}

/** Returns the PriorityClasses that were created for the pods of an installation, old revisions included. */
async function priorityClassesOf(
  context: ExecContext,
  scope: Scope,
  installation: Installation,
): Promise<readonly string[]> {
  const output = await exec(
    context,
    kubectlGet(
      scope,
      ['deployment.apps', 'replicaset.apps'],
      ownSelector(installation),
      '--output',
      'jsonpath={.items[*].spec.template.spec.priorityClassName}',
    ),
  );
  const service = { name: installation.deployment, namespace: installation.namespace };
  return [...new Set(output.split(' '))].filter((name) => isPriorityClassOf(service, name));
}

async function removeNamespace(
  context: ExecContext,
  scope: Scope,
  installation: Installation,
): Promise<readonly string[]> {
  const { namespace } = scope;
  const own = await exec(
    context,
    kubectlGet(
      scope,
      ['namespaces'],
      ownSelector(installation),
      '--field-selector',
      `metadata.name=${namespace}`,
      '--output',
      'name',
    ),
  );
  if (own === '') return [];

  const anyKind = ['all', 'configmaps', 'secrets', 'serviceaccounts', 'persistentvolumeclaims'];
  // Objects of other services may be there too.
  const selectors = [`${ownLabel}!=rhizome`, `${ownLabel}=rhizome,${applicationLabel}!=${installation.deployment}`];
  const found = await Promise.all(
    selectors.map((selector) =>
      exec(context, kubectlGet(scope, anyKind, `--selector=${selector}`, '--output', 'name')),
    ),
  );
  const others = [...new Set(found.flatMap(lines))].filter(
    (name) => name !== 'configmap/kube-root-ca.crt' && name !== 'serviceaccount/default',
  );
  if (others.length > 0) {
    context.report.line(`Keeping the namespace ${namespace}, which contains other objects: ${others.join(', ')}`);
    return [];
  }
  return parseDeleted(await exec(context, kubectlDelete(scope, `namespace/${namespace}`)));
}

/** The resource name for kubectl: `deployment.apps`. */
export const resource = ({ apiVersion, kind }: KubernetesObject): string =>
  kind.toLowerCase() + groupSuffix(apiVersion);
