import type { Manifests } from '../project/manifests.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApiResources, kubectlCanI, kubectlServerVersion, type Scope } from '../tools/kubectl.ts';
import { ok, type Finding } from './finding.ts';
import { ask } from './tools.ts';

/** The oldest Kubernetes that the manifests are written for and tested against. */
const oldestMinor = 30;
const answerMilliseconds = 15_000;

/** Whether a cluster answers, is new enough, knows every kind of the manifests, and lets us create each. */
export async function clusterFindings(
  context: ExecContext,
  scope: Scope,
  manifests: Manifests,
): Promise<readonly Finding[]> {
  const version = await ask(context, `Kubernetes of ${scope.context}`, kubectlServerVersion(scope), true, (answer) => {
    const { serverVersion } = JSON.parse(answer) as { serverVersion: { gitVersion: string; minor: string } };
    const what = `Kubernetes of ${scope.context}`;
    if (Number.parseInt(serverVersion.minor, 10) >= oldestMinor) return ok(what, serverVersion.gitVersion);
    return {
      what,
      state: 'missing',
      detail: `${serverVersion.gitVersion} is older than 1.${String(oldestMinor)}`,
      fix: 'Upgrade the cluster: fields of the manifests would be dropped.',
    };
  });
  if (version.state !== 'ok') return [version];
  const known = parseResources(
    await exec(context, kubectlApiResources(scope), { quiet: true, timeout: answerMilliseconds }),
  );
  const kinds = new Map(
    manifests.objects.map(({ apiVersion, kind }) => [`${apiVersion}/${kind}`, { apiVersion, kind }]),
  );
  const rights = await Promise.all(
    [...kinds.values()].map(({ apiVersion, kind }) => mayCreate(context, scope, apiVersion, kind, known)),
  );
  return [version, ...rights, ...policyEnforcement(manifests), metricsServer(known)];
}

interface Resource {
  readonly name: string;
  readonly apiVersion: string;
  readonly kind: string;
}

/** Of `deployments  deploy  apps/v1  true  Deployment`; the short names may be none. */
function parseResources(output: string): readonly Resource[] {
  return output
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields.length >= 4)
    .map((fields) => ({ name: fields[0] ?? '', apiVersion: fields.at(-3) ?? '', kind: fields.at(-1) ?? '' }));
}

async function mayCreate(
  context: ExecContext,
  scope: Scope,
  apiVersion: string,
  kind: string,
  known: readonly Resource[],
): Promise<Finding> {
  const resource = known.find((other) => other.apiVersion === apiVersion && other.kind === kind);
  if (resource === undefined) {
    return {
      what: kind,
      state: 'missing',
      detail: `the cluster does not know ${apiVersion} ${kind}`,
      fix: 'Install what defines it (its CRD), or leave the object out in infra/.',
    };
  }
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
  const missing: string[] = [];
  // Server-side apply creates by patch.
  for (const verb of ['create', 'patch'] as const) {
    if (!(await allowed(context, kubectlCanI(scope, verb, `${resource.name}${group}`)))) missing.push(verb);
  }
  if (missing.length === 0) return ok(kind, 'may be created');
  return {
    what: kind,
    state: 'missing',
    detail: `you may not ${missing.join(' or ')} ${resource.name}${group} in ${scope.namespace}`,
    fix: 'Ask the administrator of the cluster for the right, or to make the object for you.',
  };
}

/** kubectl exits 1 for "no". */
async function allowed(context: ExecContext, argv: readonly string[]): Promise<boolean> {
  try {
    return (await exec(context, argv, { quiet: true, timeout: answerMilliseconds })).trim().startsWith('yes');
  } catch (error) {
    if (error instanceof CommandFailed && error.code === 1) return false;
    throw error;
  }
}

function metricsServer(known: readonly Resource[]): Finding {
  if (known.some(({ apiVersion }) => apiVersion.startsWith('metrics.k8s.io/'))) return ok('metrics-server', 'there');
  return {
    what: 'metrics-server',
    state: 'warning',
    detail: 'absent: no `kubectl top`, no autoscaling by CPU',
    fix: 'Where you want those: https://github.com/kubernetes-sigs/metrics-server',
  };
}

/** What no API tells. */
function policyEnforcement(manifests: Manifests): readonly Finding[] {
  if (!manifests.objects.some(({ kind }) => kind === 'NetworkPolicy')) return [];
  return [
    {
      what: 'NetworkPolicy is enforced',
      state: 'warning',
      detail: 'not known: a cluster takes policies that its network plugin may pass over',
      fix: "Look which plugin it has: Calico, Cilium, and kind's own since v0.24 do; flannel does not.",
    },
  ];
}
