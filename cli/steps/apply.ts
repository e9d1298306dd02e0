import { objectLabels, restrictedLabels } from '../../infra/metadata/labels.ts';
import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { keepReplicas } from './keep-replicas.ts';
import { explainRejection } from '../cluster/rejection.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApply, kubectlCreateNamespace, kubectlDiff, kubectlGet, kubectlLabel } from '../tools/kubectl.ts';

/** Applies the manifests. @throws {Failure} in plain words if the cluster rejects an object */
export async function apply(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<void> {
  await ensureNamespace(context, kubeContext, manifests);
  await keepReplicas(context, kubeContext, manifests);
  try {
    await exec(context, kubectlApply(kubeContext, manifests.file), { stream: true });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const rejection = error.details.map(explainRejection).find((found) => found !== undefined);
    if (rejection === undefined) throw error;
    throw new Failure(`The cluster rejected the manifests: ${rejection.cause}.`, {
      details: error.details,
      hint: rejection.hint,
      cause: error,
    });
  }
}

/**
 * Creates the namespace if the manifests expect one that is missing. Manifests do not contain the namespace of
 * production: `kubectl delete -f` would delete everything in it.
 */
async function ensureNamespace(
  context: ExecContext,
  kubeContext: string,
  { namespace, deployment, objects }: Manifests,
): Promise<void> {
  if (objects.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === namespace)) return;
  const scope = { context: kubeContext, namespace };
  const find = kubectlGet(scope, [`namespace/${namespace}`], '--ignore-not-found', '--output', 'name');
  const found = await exec(context, find).catch((error: unknown) => {
    // Permission to apply does not imply permission to read namespaces.
    if (error instanceof CommandFailed) return 'unknown';
    throw error;
  });
  if (found !== '') return;
  await exec(context, kubectlCreateNamespace(scope));
  // `down` deletes what has the labels of the Deployment.
  await exec(
    context,
    kubectlLabel(scope, `namespace/${namespace}`, { ...objectLabels(deployment), ...restrictedLabels }),
  );
}

/** Whether applying would change nothing. False if kubectl cannot tell, for example without the program `diff`. */
export async function isApplied(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<boolean> {
  try {
    await exec(context, kubectlDiff(kubeContext, manifests.file));
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}
