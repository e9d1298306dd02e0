import { Failure } from '../failure.ts';
import { containerEngineVersion, type ContainerEngine } from './container-engine.ts';
import { CommandFailed, exec, type ExecContext, type ExecOptions } from './exec.ts';

/**
 * Checks that the container engine responds: its client may be installed without it.
 * @throws {Failure} in plain words if it doesn't
 */
export async function checkContainerEngine(
  context: ExecContext,
  engine: ContainerEngine,
  options: ExecOptions = {},
): Promise<void> {
  try {
    await exec(context, containerEngineVersion(engine), options);
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
