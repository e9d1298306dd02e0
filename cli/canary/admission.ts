import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { shareAnnotation } from '../../infra/metadata/annotations.ts';
import { scopeOf } from '../cluster/scope.ts';
import type { Deployment } from '../kubernetes.ts';
import type { Manifests, VariantDeployment } from '../project/manifests.ts';
import { isApplied } from '../steps/apply.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlDiff, kubectlGet } from '../tools/kubectl.ts';

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
  if (live === undefined || !getsRequests(live)) return false;
  return isApplied(context, kubeContext, await withLiveShare(context, manifests, live));
}

/** Returns whether the pods of a canary on the cluster get requests. */
export function getsRequests({ metadata }: Deployment): boolean {
  const share = metadata.annotations?.[shareAnnotation];
  return share !== undefined && share !== '0';
}

/**
 * Returns what applying would change in the pods of a canary, not counting their number and their share, as lines of a
 * diff. Undefined if nothing.
 *
 * @param live the canary's Deployment on the cluster
 * @throws {CommandFailed} if kubectl cannot tell
 */
export async function changesOf(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  live: Deployment,
): Promise<readonly string[] | undefined> {
  const { file } = await withLiveShare(context, manifests, live);
  try {
    await exec(context, kubectlDiff(kubeContext, file));
    return undefined;
  } catch (error) {
    // Another exit code means that kubectl or its `diff` failed.
    if (!(error instanceof CommandFailed) || error.code !== 1) throw error;
    return error.details.filter((line) => /^[+-](?![+-]|\s*generation:)/.test(line));
  }
}

/** Writes the Deployment of the manifests with the number of pods and the share that a canary has on the cluster. */
async function withLiveShare(context: ExecContext, manifests: Manifests, live: Deployment): Promise<Manifests> {
  const wanted = manifests.objects.find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === live.metadata.name,
  ) as Deployment;
  const share = live.metadata.annotations?.[shareAnnotation];
  const annotations = { ...wanted.metadata.annotations, ...(share !== undefined && { [shareAnnotation]: share }) };
  const same: Deployment = {
    ...wanted,
    metadata: { ...wanted.metadata, annotations },
    spec: { ...wanted.spec, ...(live.spec.replicas !== undefined && { replicas: live.spec.replicas }) },
  };
  const path = join(context.root, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(same, null, 2));
  return { ...manifests, file };
}
