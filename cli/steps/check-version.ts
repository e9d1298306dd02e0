import { targetVersionAnnotation } from '../../infra/metadata/annotations.ts';
import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlServerVersion } from '../tools/kubectl.ts';

/** Returns the version of Kubernetes that the manifests need, such as `1.33`. Undefined: any supported one will do. */
export function neededVersion({ objects }: Manifests): string | undefined {
  const versions = objects.map(({ metadata }) => metadata.annotations?.[targetVersionAnnotation]);
  return versions.find((version) => version !== undefined);
}

/** Returns whether a version such as `v1.34.1` is another one such as `1.33` or newer. */
export function isVersionAtLeast(version: string, needed: string): boolean {
  const [major = 0, minor = 0] = numbers(version);
  const [neededMajor = 0, neededMinor = 0] = numbers(needed);
  return major > neededMajor || (major === neededMajor && minor >= neededMinor);
}

const numbers = (version: string): readonly number[] => (version.match(/\d+/g) ?? []).map(Number);

/** What to do if a cluster is older than `kubernetesVersion` in infra/environments.ts. */
export const olderClusterHint =
  'It would silently drop fields. Upgrade the cluster, or set kubernetesVersion in infra/environments.ts to its ' +
  'version: synthesis then names the props that it lacks.';

/** @throws {Failure} if the cluster is older than the manifests need */
export async function checkClusterVersion(context: ExecContext, cluster: string, manifests: Manifests): Promise<void> {
  const needed = neededVersion(manifests);
  if (needed === undefined) return;
  const scope = { context: cluster, namespace: manifests.namespace };
  const { serverVersion } = JSON.parse(await exec(context, kubectlServerVersion(scope), { timeout: 10_000 })) as {
    readonly serverVersion: { readonly gitVersion: string };
  };
  if (isVersionAtLeast(serverVersion.gitVersion, needed)) return;
  throw new Failure(`${cluster} runs Kubernetes ${serverVersion.gitVersion}, but the manifests need ${needed}.`, {
    hint: olderClusterHint,
  });
}
