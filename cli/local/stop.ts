import { rm } from 'node:fs/promises';
import { checkPortFree, otherPort } from '../tools/port.ts';
import { ended, isRunning, killGroup, type ProcessId, sendSignal } from './replica/process-id.ts';
import { localPaths, readState, type State } from './state.ts';

/** How long a supervisor may take beyond its replicas' grace period. */
const marginMs = 5000;

/** Ends what is up for the project. Idempotent. Returns what it ended, in words. */
export async function stopLocal(root: string): Promise<readonly string[]> {
  const removed: string[] = [];
  const state = await readState(root);
  if (state !== undefined && isRunning(state.supervisor)) {
    await stopSupervisor(state);
    removed.push(`the local engine (pid ${state.supervisor.pid}) and its ${state.replicas.length} replicas`);
  }
  // Read again: replicas can have been started while the supervisor was told to stop.
  const left = orphans((await readState(root)) ?? state);
  if (left.length > 0) {
    await stopOrphans(left, state?.graceSeconds ?? 0);
    removed.push(`${left.length} replicas whose engine was gone (pid ${left.map(({ pid }) => pid).join(', ')})`);
  }
  await rm(localPaths(root).folder, { recursive: true, force: true });
  return removed;
}

/**
 * Ends what is up for the project, to start it anew; but only once it is known that the ports can be had.
 * @param grpcPort undefined where there is no gRPC
 * @throws Failure where another program has one
 */
export async function stopPrevious(root: string, port: number, grpcPort: number | undefined): Promise<void> {
  const state = await readState(root);
  const own = state !== undefined && isRunning(state.supervisor) ? [state.url, state.grpc] : [];
  if (port !== 0 && !own.includes(`http://localhost:${port}`)) await checkPortFree(port);
  if (grpcPort !== undefined && grpcPort !== 0 && !own.includes(`localhost:${grpcPort}`))
    await checkPortFree(grpcPort, otherPort('--grpc-port', grpcPort));
  await stopLocal(root);
}

async function stopSupervisor({ supervisor, graceSeconds }: State): Promise<void> {
  if (supervisor.pid === process.pid) throw new Error('The engine runs in this process: call its stop().');
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

/** Replicas on record that still run. */
export function orphans(state: State | undefined): readonly ProcessId[] {
  return (state?.replicas ?? [])
    .map((replica) => replica.process)
    .filter((id) => id !== undefined)
    .filter(isRunning);
}
