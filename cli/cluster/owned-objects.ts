import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDelete, kubectlGet, type Scope } from '../tools/kubectl.ts';
import type { Installation } from './applied.ts';

/** On everything that infra/ makes, so that it is known again: a ConfigMap of an earlier configuration too. */
const ownLabel = 'app.kubernetes.io/managed-by';

/** Tells the objects of one installation, and nobody else's. */
export const ownSelector = ({ deployment }: Installation): string =>
  `--selector=${ownLabel}=rhizome,app.kubernetes.io/instance=${deployment}`;

/** The kinds that are looked through for what is no longer wanted, as kubectl takes them. A Namespace is a case of its own. */
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

/** Of kubectl's `deployment.apps "iris-server" deleted from iris-server namespace`, the part that names it. */
export const deleted = (output: string): string[] =>
  lines(output).flatMap((line) => /^(.*) deleted/.exec(line)?.[1] ?? []);

/**
 * Deletes an installation, by label. The Namespace goes last, and only when it is its own and nobody else put anything
 * into it: with it would go, say, a Secret that was made by hand.
 * @param kinds besides `ownKinds`
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
  const removed = deleted(await exec(context, kubectlDelete(scope, all.join(','), ownSelector(installation))));
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
      `The namespace ${namespace} stays, because it holds what \`up\` did not make: ${others.join(', ')}`,
    );
    return removed;
  }
  return [...removed, ...deleted(await exec(context, kubectlDelete(scope, `namespace/${namespace}`)))];
}
