import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shareAnnotation } from '../../infra/metadata/annotations.ts';
import { scopeOf } from '../cluster/scope.ts';
import type { Deployment } from '../kubernetes.ts';
import type { Manifests, VariantDeployment } from '../project/manifests.ts';
import { isApplied } from '../steps/apply.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlGet } from '../tools/kubectl.ts';

const file = '.rhizome/canary.json';

/** Reads a canary's Deployment from the cluster. Undefined if there is none. */
export async function readCanary(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  { deployment }: Pick<VariantDeployment, 'deployment'>,
): Promise<Deployment | undefined> {
  const found = await exec(
    context,
    kubectlGet(scopeOf(kubeContext, manifests), [`deployment/${deployment}`], '--ignore-not-found', '--output', 'json'),
  );
  return found.trim() === '' ? undefined : (JSON.parse(found) as Deployment);
}

/**
 * Returns whether the pods of a canary already get requests, and applying would not replace them. Only their number and
 * their share may change: pods that the service has been compared with need not be compared again.
 */
export async function isAdmitted(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  canary: VariantDeployment,
): Promise<boolean> {
  const live = await readCanary(context, kubeContext, manifests, canary);
  const share = live?.metadata.annotations?.[shareAnnotation];
  if (live === undefined || share === undefined || share === '0') return false;
  const wanted = manifests.objects.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === canary.deployment,
  ) as Deployment;
  const same: Deployment = {
    ...wanted,
    metadata: { ...wanted.metadata, annotations: { ...wanted.metadata.annotations, [shareAnnotation]: share } },
    spec: { ...wanted.spec, ...(live.spec.replicas !== undefined && { replicas: live.spec.replicas }) },
  };
  const path = join(context.root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(same, null, 2));
  return isApplied(context, kubeContext, { ...manifests, file });
}
