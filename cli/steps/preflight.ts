import { Failure } from '../failure.ts';
import { engineVersion, type Engine } from '../tools/container-engine.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';

/** Checks that what the later steps call is there, so that nothing half-made stays behind when it is not. */
export async function preflight(context: ExecContext, checks: readonly (readonly string[])[]): Promise<void> {
  for (const argv of checks) await exec(context, argv);
}

/** The client may be there without what it talks to. */
export async function checkEngine(context: ExecContext, engine: Engine): Promise<void> {
  try {
    await exec(context, engineVersion(engine));
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Failure(
      engine === 'docker'
        ? 'Docker is installed, but its Engine does not answer.'
        : 'podman is installed, but does not work.',
      {
        details: error.details,
        hint:
          engine === 'docker'
            ? 'Start Docker (Docker Desktop, or `sudo systemctl start docker`), and check with `docker info`.'
            : 'Check with `podman info`; where podman runs in a machine of its own, start that: podman machine start',
        cause: error,
      },
    );
  }
}
