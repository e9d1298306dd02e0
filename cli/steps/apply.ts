import { Failure } from '../failure.ts';
import type { Manifests } from '../project/manifests.ts';
import { explainRejection } from '../cluster/rejection.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { kubectlApply, kubectlDiff } from '../tools/kubectl.ts';

/** Applies the manifests. @throws {Failure} in plain words if the cluster rejects an object */
export async function apply(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<void> {
  try {
    await exec(context, kubectlApply(kubeContext, manifests.file), { stream: true });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const rejection = error.details.map(explainRejection).find((found) => found !== undefined);
    if (rejection === undefined) throw error;
    throw new Failure(`The cluster rejected the manifests: ${rejection.cause}.`, {
      details: error.details,
      hint: rejection.hint,
      cause: error,
    });
  }
}

/** Whether applying would change nothing. False if kubectl cannot tell, for example without the program `diff`. */
export async function isApplied(context: ExecContext, kubeContext: string, manifests: Manifests): Promise<boolean> {
  try {
    await exec(context, kubectlDiff(kubeContext, manifests.file));
    return true;
  } catch (error) {
    if (error instanceof CommandFailed) return false;
    throw error;
  }
}
