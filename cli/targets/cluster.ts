import { Failure } from '../failure.ts';
import { currentManifests, type Manifests } from '../manifests.ts';
import type { KubernetesObject } from '../objects.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlContexts, kubectlDelete, kubectlGet, type Scope } from '../tools/kubectl.ts';
import { followLogs } from './pod-logs.ts';
import { deploymentStatus, readSnapshot } from './snapshot.ts';
import type { DeploymentStatus, Target } from './target.ts';

/** A Kubernetes cluster, as the steps of `up` need it. kind, minikube and a named context differ in no more than this. */
export interface Cluster extends Target {
  /** The kubectl context. */
  readonly context: string;
  /** Commands that fail where something that `up` needs is missing. */
  readonly checks: readonly (readonly string[])[];
  /** Whether `load` knows a way to its nodes; else they have to pull. */
  readonly loads: boolean;
  /** Makes the cluster, or checks that it runs. */
  ensure(): Promise<void>;
  /** Brings an image of this machine to the nodes; does nothing where they have it. */
  load(image: string): Promise<void>;
}

export const scopeOf = (context: string, { namespace }: Manifests): Scope => ({ context, namespace });

/** What every cluster has in common: the Deployment of the manifests, asked for by kubectl. */
export function inCluster(exec: ExecContext, context: string): Pick<Target, 'isUp' | 'status' | 'logs' | 'down'> {
  const status = async (): Promise<DeploymentStatus | undefined> => {
    const manifests = currentManifests(exec.root);
    const snapshot = await readSnapshot(exec, scopeOf(context, manifests), manifests.deployment, { quiet: true });
    return snapshot && deploymentStatus(snapshot);
  };
  return {
    status,
    isUp: async () => await status() !== undefined,
    async logs({ follow, signal }) {
      const manifests = currentManifests(exec.root);
      await followLogs({ ...exec, signal }, scopeOf(context, manifests), manifests.deployment, { follow });
    },
    async down() {
      return remove(exec, context, currentManifests(exec.root));
    },
  };
}

/** On everything that infra/ makes, so that it is known again: a ConfigMap of an earlier configuration too. */
const ownLabel = 'app.kubernetes.io/managed-by';

/**
 * Deletes what `up` made: the kinds in the manifests, by label. The Namespace goes last, and only when nobody else put
 * anything into it: with it would go, say, a Secret that was made by hand.
 */
async function remove(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<readonly string[]> {
  const scope = scopeOf(kubeContext, manifests);
  const selector = `${ownLabel}=rhizome,app.kubernetes.io/instance=${manifests.deployment}`;
  const kinds = [...new Set(manifests.objects.map(resource))].filter((kind) => kind !== 'namespace');
  const removed = deleted(await exec(context, kubectlDelete(scope, kinds.join(','), `--selector=${selector}`)));
  if (!manifests.objects.some(({ kind }) => kind === 'Namespace')) return removed;

  const anyKind = ['all', 'configmaps', 'secrets', 'serviceaccounts', 'persistentvolumeclaims'];
  const others = lines(await exec(context, kubectlGet(scope, anyKind, `--selector=${ownLabel}!=rhizome`, '--output', 'name')))
    .filter((name) => name !== 'configmap/kube-root-ca.crt' && name !== 'serviceaccount/default');
  if (others.length > 0) {
    context.report.line(`The namespace ${manifests.namespace} stays, because it holds what \`up\` did not make: ${others.join(', ')}`);
    return removed;
  }
  return [...removed, ...deleted(await exec(context, kubectlDelete(scope, `namespace/${manifests.namespace}`)))];
}

/** As kubectl takes it: `deployment.apps`. */
function resource({ apiVersion, kind }: KubernetesObject): string {
  return kind.toLowerCase() + (apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '');
}

/** Of kubectl's `deployment.apps "iris-server" deleted from iris-server namespace`, the part that names it. */
const deleted = (output: string): string[] => lines(output).flatMap((line) => /^(.*) deleted/.exec(line)?.[1] ?? []);

const lines = (output: string): string[] => output.split('\n').filter((line) => line !== '');

/** A context that kubectl does not know is the likeliest slip in `--on context=NAME`. */
export async function checkContext(context: ExecContext, name: string): Promise<void> {
  const known = lines(await exec(context, kubectlContexts(), { quiet: true }));
  if (known.includes(name)) return;
  throw new Failure(`kubectl knows no context "${name}".`, {
    hint: known.length === 0 ? 'It knows none at all: is KUBECONFIG set as it should be?' : `It knows: ${known.join(', ')}.`,
  });
}
