import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { readRefusal } from '../cluster/refusal.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApply, kubectlDiff } from '../tools/kubectl.ts';

/** Tells the cluster what should run. @throws Failure in plain words where it refuses an object */
export async function apply(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<void> {
  try {
    await exec(context, kubectlApply(kubeContext, manifests.file), { stream: true });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const refusal = error.details.map(readRefusal).find((found) => found !== undefined);
    if (refusal === undefined) throw error;
    throw new Failure(`The cluster refuses what was to be applied: ${refusal.cause}.`, {
      details: error.details,
      hint: refusal.hint,
      cause: error,
    });
  }
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
