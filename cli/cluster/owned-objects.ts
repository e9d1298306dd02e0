import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDelete, kubectlGet, type Scope } from '../tools/kubectl.ts';
import type { Installation } from './applied.ts';

/** The label of every object that infra/ creates, including ConfigMaps of previous configurations. */
const ownLabel = 'app.kubernetes.io/managed-by';

/** Selects the objects of one installation. */
export const ownSelector = ({ deployment }: Installation): string =>
  `--selector=${ownLabel}=rhizome,app.kubernetes.io/instance=${deployment}`;

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
 * Deletes an installation, by label. Deletes the namespace last, and only if `up` created it and it contains nothing
 * else, such as a Secret that was created by hand.
 * @param kinds kinds in addition to `ownKinds`
 */
export async function removeInstallation(
  context: ExecContext,
  kubeContext: string,
  installation: Installation,
  kinds: readonly string[] = [],
): Promise<readonly string[]> {
  const { namespace } = installation;
  const scope: Scope = { context: kubeContext, namespace };
  const all = [...new Set([...ownKinds, ...kinds])].filter((kind) => kind !== 'namespace');
  const removed = parseDeleted(await exec(context, kubectlDelete(scope, all.join(','), ownSelector(installation))));
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
  if (own === '') return removed;

  const anyKind = ['all', 'configmaps', 'secrets', 'serviceaccounts', 'persistentvolumeclaims'];
  const others = lines(
    await exec(context, kubectlGet(scope, anyKind, `--selector=${ownLabel}!=rhizome`, '--output', 'name')),
  ).filter((name) => name !== 'configmap/kube-root-ca.crt' && name !== 'serviceaccount/default');
  if (others.length > 0) {
    context.report.line(
      `Keeping the namespace ${namespace}, which contains objects that \`up\` did not create: ${others.join(', ')}`,
    );
    return removed;
  }
  return [...removed, ...parseDeleted(await exec(context, kubectlDelete(scope, `namespace/${namespace}`)))];
}
