import { Failure } from '../failure.ts';
import { dockerVersion } from '../tools/docker.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';

/** Checks that what the later steps call is there, so that nothing half-made stays behind when it is not. */
export async function preflight(context: ExecContext, checks: readonly (readonly string[])[]): Promise<void> {
  for (const argv of checks) await exec(context, argv);
}

/** Docker's client may be there without its Engine running. */
export async function checkDocker(context: ExecContext): Promise<void> {
  try {
    await exec(context, dockerVersion());
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Failure('Docker is installed, but its Engine does not answer.', {
      details: error.details,
      hint: 'Start Docker (Docker Desktop, or `sudo systemctl start docker`), and check with `docker info`.',
      cause: error,
    });
  }
}
