import { rm } from 'node:fs/promises';
import { paths } from '../../service/contract/index.ts';
import { describeModels } from '../cluster/served-models.ts';
import { checkPortFree, otherPort } from '../tools/port.ts';
import type { Target } from '../targets/target.ts';
import { printLogs } from './logs.ts';
import { ended, isRunning, killGroup, type ProcessId, sendSignal } from './replica/process-id.ts';
import { places, readState, type State } from './state.ts';

/** How long a supervisor may take beyond its replicas' grace period. */
const marginMs = 5000;

/** The local engine of a project, seen from another process: through its state file. */
export function localTarget(root: string): Target {
  return {
    name: 'local',
    async isUp() {
      return await this.status() !== undefined;
    },
    async status({ models = false } = {}) {
      const state = await readState(root);
      if (state === undefined) return undefined;
      if (isRunning(state.supervisor)) {
        // All of them load the same folder; a restarted one may have loaded it later.
        const model = models ? await servedModels(state.url) : undefined;
        const replicas = state.replicas.map(({ status }) => (model === undefined || !status.ready ? status : { ...status, model }));
        return { wanted: replicas.length, ready: replicas.filter(({ ready }) => ready).length, replicas };
      }
      const left = orphans(state);
      if (left.length === 0) return undefined;
      const reason = `Orphaned: the engine (pid ${state.supervisor.pid}) was killed; run \`rhizome down\` or \`rhizome up\``;
      const replicas = state.replicas.map(({ status: { name, restarts }, process }) => {
        const alive = process !== undefined && left.includes(process);
        return { name, ready: false, restarts, reason: alive ? reason : 'Unknown', ...(alive ? { pid: process.pid } : {}) };
      });
      return { wanted: replicas.length, ready: 0, replicas };
    },
    async url() {
      const state = await readState(root);
      return state !== undefined && isRunning(state.supervisor) ? state.url : undefined;
    },
    async logs(options) {
      await printLogs(root, options, process.stdout);
    },
    async down() {
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
      await rm(places(root).folder, { recursive: true, force: true });
      return removed;
    },
  };
}

/** Undefined where no replica answers, or a key is needed. */
async function servedModels(url: string): Promise<string | undefined> {
  const response = await fetch(`${url}${paths.models}`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
  return response?.ok === true ? describeModels(await response.json()) : undefined;
}

/**
 * Ends what is up for the project, to start it anew; but only once it is known that the ports can be had.
 * @param grpcPort undefined where there is no gRPC
 * @throws Failure where another program has one
 */
export async function makeWay(root: string, port: number, grpcPort: number | undefined): Promise<void> {
  const state = await readState(root);
  const own = state !== undefined && isRunning(state.supervisor) ? [state.url, state.grpc] : [];
  if (port !== 0 && !own.includes(`http://localhost:${port}`)) await checkPortFree(port);
  if (grpcPort !== undefined && grpcPort !== 0 && !own.includes(`localhost:${grpcPort}`)) await checkPortFree(grpcPort, otherPort('--grpc-port', grpcPort));
  await localTarget(root).down();
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
function orphans(state: State | undefined): readonly ProcessId[] {
  return (state?.replicas ?? []).map((replica) => replica.process).filter((id) => id !== undefined).filter(isRunning);
}
