import type { Manifests } from '../manifests.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApply, kubectlDiff } from '../tools/kubectl.ts';

/** Tells the cluster what should run. */
export async function apply(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<void> {
  await exec(context, kubectlApply(kubeContext, manifests.file), { stream: true });
}

/** Whether an apply would change nothing. False where kubectl cannot tell, as without the program `diff`. */
export async function isApplied(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<boolean> {
  try {
    await exec(context, kubectlDiff(kubeContext, manifests.file));
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}
