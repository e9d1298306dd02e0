import { Failure } from '../failure.ts';
import { containerEngineVersion, type ContainerEngine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';

/** Checks for the tools that later steps call, so that a missing one leaves nothing half-done behind. */
export async function preflight(context: ExecContext, checks: readonly (readonly string[])[]): Promise<void> {
  for (const argv of checks) await exec(context, argv);
}

/** Checks that the container engine responds: its client may be installed without it. */
export async function checkContainerEngine(context: ExecContext, engine: ContainerEngine): Promise<void> {
  try {
    await exec(context, containerEngineVersion(engine));
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Failure(
      engine === 'docker'
        ? 'Docker is installed, but its daemon does not respond.'
        : 'podman is installed, but does not work.',
      {
        details: error.details,
        hint:
          engine === 'docker'
            ? 'Start Docker (Docker Desktop, or `sudo systemctl start docker`) and check with `docker info`.'
            : 'Check with `podman info`. If podman runs in a virtual machine, start it: podman machine start',
        cause: error,
      },
    );
  }
}
