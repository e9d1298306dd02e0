import { Failure } from '../failure.ts';
import { currentManifests } from '../project/manifests.ts';
import type { KubernetesObject } from '../kubernetes.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { scopeOf } from '../cluster/scope.ts';
import { kubectlContexts } from '../tools/kubectl.ts';
import { modelReader } from '../cluster/served-models.ts';
import { lines, removeInstallation } from '../cluster/owned-objects.ts';
import { followLogs } from '../cluster/pod-logs.ts';
import { readApplied, isSameInstallation } from '../cluster/applied.ts';
import { deploymentStatus, readSnapshot } from '../cluster/snapshot.ts';
import type { DeploymentStatus } from '../deployment-status.ts';
import type { StatusOptions, Target } from './target.ts';

/** A Kubernetes cluster, as the steps of `up` need it. kind, minikube and a named context differ in no more than this. */
export interface Cluster extends Target {
  /** The kubectl context. */
  readonly context: string;
  /** Commands that fail where something that `up` needs is missing. */
  readonly checks: readonly (readonly string[])[];
  /** Whether `load` knows a way to its nodes; else they have to pull. */
  readonly loads: boolean;
  /** Makes the cluster, or checks that it runs. @returns why there was nothing to make; undefined where it was made */
  ensure(): Promise<string | undefined>;
  /** Brings an image of this machine to the nodes. @returns why there was nothing to do; undefined where it was loaded */
  load(image: string): Promise<string | undefined>;
}

/**
 * What every cluster has in common: the Deployment of the manifests, asked for by kubectl.
 * @param on the target's name
 */
export function inCluster(
  context: ExecContext,
  kubeContext: string,
  on: string,
): Pick<Target, 'isUp' | 'status' | 'logs' | 'down'> {
  const readModels = modelReader(context);
  const status = async ({ models = false }: StatusOptions = {}): Promise<DeploymentStatus | undefined> => {
    const manifests = currentManifests(context.root);
    const scope = scopeOf(kubeContext, manifests);
    const snapshot = await readSnapshot(context, scope, manifests.deployment, { quiet: true });
    if (snapshot === undefined) return undefined;
    const { replicas, ...counts } = deploymentStatus(snapshot);
    const served = models ? await readModels(scope, [...snapshot.current, ...snapshot.old]) : undefined;
    return {
      ...counts,
      replicas: replicas.map((replica) => ({
        ...replica,
        ...(served?.has(replica.name) === true && { model: served.get(replica.name) ?? '' }),
      })),
    };
  };
  return {
    status,
    isUp: async () => (await status()) !== undefined,
    async logs({ signal, ...options }) {
      const manifests = currentManifests(context.root);
      await followLogs({ ...context, signal }, scopeOf(kubeContext, manifests), manifests.deployment, options);
    },
    async down() {
      const manifests = currentManifests(context.root);
      const former = (await readApplied(context.root))[on]?.installations ?? [];
      const removed: string[] = [];
      for (const installation of [manifests, ...former.filter((other) => !isSameInstallation(other, manifests))]) {
        removed.push(
          ...(await removeInstallation(context, kubeContext, installation, manifests.objects.map(resource))),
        );
      }
      return removed;
    },
  };
}

/** As kubectl takes it: `deployment.apps`. */
function resource({ apiVersion, kind }: KubernetesObject): string {
  return kind.toLowerCase() + (apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '');
}

/** The contexts that kubectl knows. */
export const contextNames = async (context: ExecContext): Promise<readonly string[]> =>
  lines(await exec(context, kubectlContexts(), { quiet: true }));

/** A context that kubectl does not know is the likeliest slip in `--on context=NAME`. */
export async function checkContext(context: ExecContext, name: string): Promise<void> {
  const known = await contextNames(context);
  if (known.includes(name)) return;
  throw new Failure(`kubectl knows no context "${name}".`, {
    hint:
      known.length === 0
        ? 'It knows none at all: is KUBECONFIG set as it should be?'
        : `It knows: ${known.join(', ')}.`,
  });
}
