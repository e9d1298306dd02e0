import type { Manifests } from '../manifests.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApply } from '../tools/kubectl.ts';

/** Tells the cluster what should run. */
export async function apply(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<void> {
  await exec(context, kubectlApply(kubeContext, manifests.file), { stream: true });
}
