import { isAtLeast, type KubernetesVersion } from '../kubernetes-schemas/versions.ts';
import type { InvalidProp } from './invalid-props-error.ts';

/**
 * Refuses a prop whose fields the target version lacks: the cluster would silently drop them.
 *
 * @param target the props with the target version; of another construct, `service.resolved`
 * @param minimum the first version that has the fields, with their feature gate on by default
 * @param prop path of the prop, as written in code
 * @param value what was passed
 */
export function* requireVersion(
  { kubernetesVersion }: { readonly kubernetesVersion: KubernetesVersion },
  minimum: KubernetesVersion,
  prop: string,
  value: unknown,
): Generator<InvalidProp> {
  if (isAtLeast(kubernetesVersion, minimum)) return;
  yield {
    prop,
    value,
    reason: `needs Kubernetes ${minimum}, but kubernetesVersion is ${kubernetesVersion}`,
    fix: `If the cluster runs ${minimum} or newer, set kubernetesVersion to its version. Otherwise, leave ${prop} out.`,
  };
}
