import { createServer } from 'node:net';
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

/** @throws Failure where something listens on the port already */
export async function checkPortFree(port: number, hint: string): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject).listen(port, '127.0.0.1', () => { resolve(undefined); });
  try {
    await promise;
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE')) throw cause;
    throw new Failure(`Port ${String(port)} of this machine is busy: another program listens on it.`, {
      hint: `See which with \`ss -ltnp 'sport = :${String(port)}'\` (macOS: \`lsof -i :${String(port)}\`). ${hint}`,
      cause,
    });
  }
  server.close();
}
