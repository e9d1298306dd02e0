import type { KubernetesObject, List } from '../kubernetes.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlGet, kubectlNamespacedKinds, type Scope } from '../tools/kubectl.ts';

/** What defines the kinds of an API group, for the groups that the constructs use. `up` prunes their objects. */
export const projects: Readonly<Record<string, string>> = {
  'gateway.networking.k8s.io': 'the Gateway API (https://gateway-api.sigs.k8s.io/guides/)',
  'external-secrets.io':
    'the External Secrets Operator (https://external-secrets.io/latest/introduction/getting-started/)',
  'keda.sh': 'KEDA (https://keda.sh/docs/latest/deploy/)',
  'autoscaling.k8s.io':
    'the Vertical Pod Autoscaler (https://github.com/kubernetes/autoscaler/tree/master/vertical-pod-autoscaler)',
  'monitoring.coreos.com':
    'the Prometheus operator (https://prometheus-operator.dev/docs/getting-started/installation/)',
};

/**
 * Returns the kinds that the constructs write but not every cluster has, such as a ScaledObject, as far as this one has
 * them. By kubectl's names: `scaledobjects.keda.sh`.
 */
export async function customKinds(context: ExecContext, scope: Scope): Promise<readonly string[]> {
  const names = await tolerate(context, () => exec(context, kubectlNamespacedKinds(scope), { quiet: true }));
  return (names ?? '').split('\n').filter((name) => Object.hasOwn(projects, name.slice(name.indexOf('.') + 1)));
}

/** Returns the objects of those kinds that a selector matches. Kinds that the user may not list are left out. */
export async function customObjects(
  context: ExecContext,
  scope: Scope,
  selector: string,
): Promise<readonly KubernetesObject[]> {
  const kinds = await customKinds(context, scope);
  if (kinds.length === 0) return [];
  const get = kubectlGet(scope, kinds, selector, '--output', 'json');
  const output = await tolerate(context, () => exec(context, get));
  return output === undefined ? [] : (JSON.parse(output) as List<KubernetesObject>).items;
}

/** The models run even if such an object is left over. */
async function tolerate(context: ExecContext, run: () => Promise<string>): Promise<string | undefined> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    context.report.line(`Custom resources were not checked: ${error.details.at(-1) ?? error.message}`);
    return undefined;
  }
}
