import { checkPortFree, otherPort } from '../tools/port.ts';
import { belongsTo, ended, isRunning, killGroup, type ProcessId, sendSignal } from './replica/process-id.ts';
import { recordStopper, type StoppingCommand } from './stopper.ts';
import { readState, removeFolder, type RuntimeState } from './state.ts';

/** How long the local runtime may take beyond its replicas' grace period. */
const marginMs = 5000;

/**
 * Stops what runs for the project. Idempotent. Returns descriptions of what it stopped.
 * @param command what stops it, for the terminal in which it runs
 * @throws {Failure} if others could have written the state
 */
export async function stopLocal(root: string, command: StoppingCommand): Promise<readonly string[]> {
  const removed: string[] = [];
  const state = await readState(root);
  if (state !== undefined && belongsTo(state.supervisor, root)) {
    recordStopper(root, command);
    await stopSupervisor(state);
    removed.push(`the local runtime (pid ${state.supervisor.pid}) and its ${state.replicas.length} replicas`);
  }
  // Read again, since replicas may have started before the local runtime received the signal.
  const left = orphans(root, (await readState(root)) ?? state);
  if (left.length > 0) {
    await stopOrphans(left, state?.graceSeconds ?? 0);
    removed.push(`${left.length} orphaned replicas (pid ${left.map(({ pid }) => pid).join(', ')})`);
  }
  removeFolder(root);
  return removed;
}

/**
 * Stops what runs for the project so that it can start again, unless the ports aren't available.
 * @param grpcPort undefined if there is no gRPC
 * @throws {Failure} if another program uses one of the ports
 */
export async function stopPrevious(root: string, port: number, grpcPort: number | undefined): Promise<void> {
  const state = await readState(root);
  const own = state !== undefined && isRunning(state.supervisor) ? [state.url, state.grpc] : [];
  if (port !== 0 && !own.includes(`http://localhost:${port}`)) await checkPortFree(port);
  if (grpcPort !== undefined && grpcPort !== 0 && !own.includes(`localhost:${grpcPort}`))
    await checkPortFree(grpcPort, otherPort('--grpc-port', grpcPort));
  await stopLocal(root, 'up');
}

async function stopSupervisor({ supervisor, graceSeconds }: RuntimeState): Promise<void> {
  if (supervisor.pid === process.pid) throw new Error('The local runtime runs in this process: call its stop().');
  sendSignal(supervisor, 'SIGTERM');
  if (await ended([supervisor], graceSeconds * 1000 + marginMs)) return;
  sendSignal(supervisor, 'SIGKILL');
  await ended([supervisor], marginMs);
}

async function stopOrphans(left: readonly ProcessId[], graceSeconds: number): Promise<void> {
  for (const id of left) sendSignal(id, 'SIGTERM');
  await ended(left, graceSeconds * 1000);
  for (const id of left) killGroup(id);
  await ended(left, marginMs);
}

/** Returns recorded replicas that still run. */
export function orphans(root: string, state: RuntimeState | undefined): readonly ProcessId[] {
  return (state?.replicas ?? [])
    .map((replica) => replica.process)
    .filter((id) => id !== undefined)
    .filter((id) => belongsTo(id, root));
}
