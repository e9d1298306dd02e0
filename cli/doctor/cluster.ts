import { oldestKubernetesVersion } from '../../infra/kubernetes-schemas/versions.ts';
import { projects } from '../cluster/custom-kinds.ts';
import { groupSuffix, type KubernetesObject } from '../kubernetes.ts';
import type { Manifests } from '../project/manifests.ts';
import { isVersionAtLeast, neededVersion, olderClusterHint } from '../steps/check-version.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApiResources, kubectlCanI, kubectlServerVersion, type Scope } from '../tools/kubectl.ts';
import { ok, type Finding } from './finding.ts';
import { checkProgram, timeoutMilliseconds } from './tools.ts';

/** Checks that a cluster responds, is new enough, has every kind of the manifests, and lets the user create each. */
export async function clusterFindings(
  context: ExecContext,
  scope: Scope,
  manifests: Manifests,
): Promise<readonly Finding[]> {
  const version = await checkProgram(
    context,
    `Kubernetes of ${scope.context}`,
    kubectlServerVersion(scope),
    true,
    (output) => {
      const { serverVersion } = JSON.parse(output) as { serverVersion: { gitVersion: string } };
      const what = `Kubernetes of ${scope.context}`;
      const { gitVersion } = serverVersion;
      const needed = neededVersion(manifests);
      if (isVersionAtLeast(gitVersion, needed ?? oldestKubernetesVersion)) return ok(what, gitVersion);
      return needed === undefined
        ? {
            what,
            state: 'missing',
            detail: `${gitVersion} is older than ${oldestKubernetesVersion}, the oldest supported version`,
            fix: 'Upgrade the cluster. It would silently drop fields of the manifests.',
          }
        : {
            what,
            state: 'missing',
            detail: `${gitVersion} is older than ${needed}, which the manifests need`,
            fix: olderClusterHint,
          };
    },
  );
  if (version.state !== 'ok') return [version];
  const known = parseApiResources(
    await exec(context, kubectlApiResources(scope), { quiet: true, timeout: timeoutMilliseconds }),
  );
  const kinds = new Map<string, KubernetesObject[]>();
  for (const object of manifests.objects) {
    const id = `${object.apiVersion}/${object.kind}`;
    kinds.set(id, [...(kinds.get(id) ?? []), object]);
  }
  const permissions = await Promise.all(
    [...kinds.values()].map((objects) => checkPermission(context, scope, objects, known)),
  );
  return [version, ...permissions, ...policyEnforcement(manifests), metricsServer(manifests, known)];
}

/** A kind of objects that the cluster has, and its plural name. */
interface ApiResource {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
}

/**
 * Parses lines such as `deployments  deploy  apps/v1  true  Deployment`. The second column, the short names, may be
 * empty.
 */
function parseApiResources(output: string): readonly ApiResource[] {
  return output
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 4)
    .map((fields) => ({ name: fields[0] ?? '', apiVersion: fields.at(-3) ?? '', kind: fields.at(-1) ?? '' }));
}

async function checkPermission(
  context: ExecContext,
  scope: Scope,
  objects: readonly KubernetesObject[],
  known: readonly ApiResource[],
): Promise<Finding> {
  const { apiVersion = '', kind = '' } = objects[0] ?? {};
  const resource = known.find((other) => other.apiVersion === apiVersion && other.kind === kind);
  if (resource === undefined) {
    return {
      what: kind,
      state: 'missing',
      detail:
        `the cluster does not have ${apiVersion} ${kind}, of which infra/ has ` +
        objects.map(({ metadata }) => metadata.name).join(' and '),
      fix: `Install ${projectOf(apiVersion) ?? 'the CRD that defines it'}, or remove the object from infra/.`,
    };
  }
  const missing: string[] = [];
  // Server-side apply creates objects with a patch.
  for (const verb of ['create', 'patch'] as const) {
    if (!(await allowed(context, kubectlCanI(scope, verb, `${resource.name}${groupSuffix(apiVersion)}`))))
      missing.push(verb);
  }
  if (missing.length === 0) return ok(kind, 'you may create it');
  return {
    what: kind,
    state: 'missing',
    detail: `you may not ${missing.join(' or ')} ${resource.name}${groupSuffix(apiVersion)} in ${scope.namespace}`,
    fix: 'Ask an administrator of the cluster for this permission, or to create the object for you.',
  };
}

const projectOf = (apiVersion: string): string | undefined => projects[apiVersion.split('/')[0] ?? ''];

/** Returns whether `kubectl auth can-i` prints "yes". It exits with 1 if not. */
async function allowed(context: ExecContext, argv: readonly string[]): Promise<boolean> {
  try {
    return (await exec(context, argv, { quiet: true, timeout: timeoutMilliseconds })).trim().startsWith('yes');
  } catch (error) {
    if (error instanceof CommandFailed && error.code === 1) return false;
    throw error;
  }
}

/** The metrics of nodes and pods, without which a HorizontalPodAutoscaler by CPU never changes anything. */
function metricsServer({ objects }: Manifests, known: readonly ApiResource[]): Finding {
  const what = 'metrics-server';
  if (known.some(({ apiVersion }) => apiVersion.startsWith('metrics.k8s.io/'))) return ok(what, 'installed');
  const scaled = objects.find(
    ({ kind, spec }) => kind === 'HorizontalPodAutoscaler' && JSON.stringify(spec).includes('"type":"Resource"'),
  );
  const fix = 'Install it if you need those: https://github.com/kubernetes-sigs/metrics-server';
  return scaled === undefined
    ? { what, state: 'warning', detail: 'not installed: `kubectl top` and autoscaling by CPU do not work', fix }
    : {
        what,
        state: 'missing',
        detail: `not installed: the HorizontalPodAutoscaler ${scaled.metadata.name} would never scale`,
        fix: 'Install it: https://github.com/kubernetes-sigs/metrics-server',
      };
}

/** Warns that NetworkPolicies may have no effect. No API tells whether a cluster enforces them. */
function policyEnforcement(manifests: Manifests): readonly Finding[] {
  if (!manifests.objects.some(({ kind }) => kind === 'NetworkPolicy')) return [];
  return [
    {
      what: 'NetworkPolicy is enforced',
      state: 'warning',
      detail: 'unknown: a cluster accepts policies even if its network plugin ignores them',
      fix: 'Check which plugin it has: Calico, Cilium and that of kind (since v0.24) enforce them; flannel does not.',
    },
  ];
}
