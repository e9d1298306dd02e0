import { exec, type ExecContext } from '../tools/exec.ts';

/** Checks for the tools that later steps call, so that a missing one leaves nothing half-done behind. */
export async function preflight(context: ExecContext, checks: readonly (readonly string[])[]): Promise<void> {
  for (const argv of checks) await exec(context, argv);
}
