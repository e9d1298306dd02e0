import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Manifests } from '../project/manifests.ts';
import type { Deployment } from '../kubernetes.ts';
import { serviceObjects } from '../project/objects.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { fieldManager, kubectlApply, kubectlGet } from '../tools/kubectl.ts';

/** A second owner of the number of replicas. */
const keeper = `${fieldManager}-replicas`;
const file = '.rhizome/replicas.json';

/**
 * Keeps the number of replicas if the manifests leave it to an autoscaler and did not before. Kubernetes resets a field
 * to its default, one replica, if its only owner no longer applies it; so the number gets a second owner first. The
 * autoscaler becomes the owner as soon as it changes the number.
 *
 * @see https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
 */
export async function keepReplicas(
  context: ExecContext,
  kubeContext: string,
  { namespace, deployment: name, objects }: Manifests,
): Promise<void> {
  const [wanted] = serviceObjects(objects, 'Deployment') as readonly Deployment[];
  if (wanted === undefined || wanted.spec.replicas !== undefined) return;
  const scope = { context: kubeContext, namespace };
  const found = await exec(
    context,
    kubectlGet(scope, [`deployment/${name}`], '--ignore-not-found', '--show-managed-fields', '--output', 'json'),
  );
  if (found.trim() === '') return;
  const { metadata, spec } = JSON.parse(found) as Deployment;
  const owners = (metadata.managedFields ?? []).filter(
    ({ fieldsV1 }) => (fieldsV1 as ManagedFields | undefined)?.['f:spec']?.['f:replicas'] !== undefined,
  );
  // An autoscaler ignores a Deployment that is scaled to zero. The default, one replica, starts it.
  if (spec.replicas === 0) return;
  // Another owner keeps the number anyway.
  if (owners.length === 0 || owners.some(({ manager }) => manager !== fieldManager)) return;
  const path = join(context.root, file);
  await mkdir(dirname(path), { recursive: true });
  const keep = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: { replicas: spec.replicas },
  };
  await writeFile(path, JSON.stringify(keep, null, 2));
  await exec(context, kubectlApply(kubeContext, file, keeper), { stream: true });
}

/** Which fields a manager owns: their names with the prefix `f:`. */
interface ManagedFields {
  readonly 'f:spec'?: { readonly 'f:replicas'?: object };
}
