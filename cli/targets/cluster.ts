import { shareAnnotation } from '../../infra/metadata/annotations.ts';
import { Failure } from '../failure.ts';
import { canaryOf, currentManifests } from '../project/manifests.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { scopeOf } from '../cluster/scope.ts';
import { kubectlContexts } from '../tools/kubectl.ts';
import { readPodMetrics } from '../cluster/pod-metrics.ts';
import { modelReader } from '../cluster/served-models.ts';
import { lines, removeInstallation } from '../cluster/owned-objects.ts';
import { followEvents } from '../cluster/pod-events.ts';
import { followLogs } from '../cluster/pod-logs.ts';
import { readApplied, isSameInstallation } from '../cluster/applied.ts';
import { deploymentStatus, readSnapshot } from '../cluster/snapshot.ts';
import type { DeploymentStatus } from '../deployment-status.ts';
import type { StatusOptions, Target } from './target.ts';

/** A Kubernetes cluster: all that the steps of `up` need to know about kind, minikube or a kubectl context. */
export interface Cluster extends Target {
  /** The kubectl context. */
  readonly context: string;
  /** The environment that runs there. */
  readonly environment: string;
  /** The name of the kind cluster, whoever created it: its nodes are containers. Missing if it isn't a kind cluster. */
  readonly kindCluster?: string;
  /** Whether `up` creates the cluster and `down` deletes it. */
  readonly isOwn: boolean;
  /** Whether a port of this machine is mapped to the Service for as long as the cluster exists. */
  readonly mapsPort: boolean;
  /** Commands that fail if a tool that `up` needs is missing. */
  readonly checks: readonly (readonly string[])[];
  /** Whether `load` can bring images to the nodes. Otherwise they have to pull. */
  readonly loads: boolean;
  /** Creates the cluster, or checks that it runs. @returns why there was nothing to create, if there wasn't */
  ensure(): Promise<string | undefined>;
  /** Loads an image of this machine into the nodes. @returns why there was nothing to do, if there wasn't */
  load(image: string): Promise<string | undefined>;
}

/**
 * What all clusters have in common: they use kubectl to find the Deployment of the manifests.
 * @param on the target's name
 * @param environment the environment that runs there
 */
export function inCluster(
  context: ExecContext,
  kubeContext: string,
  on: string,
  environment: string,
): Pick<Target, 'isUp' | 'status' | 'metrics' | 'events' | 'logs' | 'down'> {
  const readModels = modelReader(context);
  const status = async ({ models = false }: StatusOptions = {}): Promise<DeploymentStatus | undefined> => {
    const manifests = currentManifests(context.root, environment);
    const scope = scopeOf(kubeContext, manifests);
    const read = async (deployment: string) => {
      const snapshot = await readSnapshot(context, scope, deployment, { quiet: true });
      if (snapshot === undefined) return undefined;
      const { replicas, ...counts } = deploymentStatus(snapshot);
      const pods = [...snapshot.current, ...snapshot.old];
      const served = models ? await readModels(scope, pods) : undefined;
      const queried = replicas.map((replica) => {
        const model = served?.get(replica.name);
        return { ...replica, ...(model !== undefined && { model }) };
      });
      return { snapshot, status: { ...counts, replicas: queried } };
    };
    const service = await read(manifests.deployment);
    if (service === undefined) return undefined;
    const variant = canaryOf(manifests);
    const canary = variant && (await read(variant.deployment));
    if (canary === undefined) return service.status;
    const { wanted, ready, replicas } = canary.status;
    const percent = Number(canary.snapshot.deployment.metadata.annotations?.[shareAnnotation] ?? 0);
    return { ...service.status, canary: { percent, wanted, ready, replicas } };
  };
  return {
    status,
    isUp: async () => (await status()) !== undefined,
    metrics: async (replica) =>
      readPodMetrics(context, scopeOf(kubeContext, currentManifests(context.root, environment)), replica),
    async events(signal, show) {
      const find = () => {
        const manifests = currentManifests(context.root, environment);
        const deployments = [manifests, ...manifests.variants].map(({ deployment }) => deployment);
        return { scope: scopeOf(kubeContext, manifests), deployments };
      };
      await followEvents({ ...context, signal }, find, show);
    },
    async logs({ signal, ...options }) {
      const manifests = currentManifests(context.root, environment);
      const { deployment } = manifests;
      await followLogs({ ...context, signal }, scopeOf(kubeContext, manifests), { deployment, target: on }, options);
    },
    async down() {
      const manifests = currentManifests(context.root, environment);
      const former = (await readApplied(context.root))[on]?.installations ?? [];
      const removed: string[] = [];
      for (const installation of [manifests, ...former.filter((other) => !isSameInstallation(other, manifests))]) {
        removed.push(...(await removeInstallation(context, kubeContext, installation, manifests.objects)));
      }
      return removed;
    },
  };
}

/** The contexts of the kubeconfig. */
export const contextNames = async (context: ExecContext): Promise<readonly string[]> =>
  lines(await exec(context, kubectlContexts(), { quiet: true }));

/** Checks that a context exists, since a typo is the most likely mistake. @throws {Failure} if it doesn't */
export async function checkContext(context: ExecContext, name: string): Promise<void> {
  const known = await contextNames(context);
  if (known.includes(name)) return;
  throw new Failure(`kubectl has no context "${name}".`, {
    hint: known.length === 0 ? 'It has no contexts at all. Check KUBECONFIG.' : `It has: ${known.join(', ')}.`,
  });
}
