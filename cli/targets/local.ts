import { createClient, RhizomeError } from '../../client/index.ts';
import { paths } from '../../service/contract/index.ts';
import { apiKey } from '../ask/connection.ts';
import { formatServedModels } from '../cluster/served-models.ts';
import { followEvents } from '../local/events.ts';
import { printLogs } from '../local/logs.ts';
import { isRunning } from '../local/replica/process-id.ts';
import { readMetrics } from '../local/metrics.ts';
import { readState, type RuntimeState } from '../local/state.ts';
import { orphans, stopLocal } from '../local/stop.ts';
import type { Target } from './target.ts';

/** The local runtime of a project, as other processes see it: through its state file. */
export function localTarget(root: string): Target {
  const models = modelReader();
  return {
    name: 'local',
    async isUp() {
      return (await this.status()) !== undefined;
    },
    async status({ models: withModels = false } = {}) {
      const state = await readState(root);
      if (state === undefined) return undefined;
      if (isRunning(state.supervisor)) {
        const model = withModels ? await models(state) : undefined;
        const replicas = state.replicas.map(({ status }) => ({
          ...status,
          ...(model !== undefined && status.ready && { model }),
        }));
        return { wanted: replicas.length, ready: replicas.filter(({ ready }) => ready).length, replicas };
      }
      const left = orphans(root, state);
      if (left.length === 0) return undefined;
      const cause = `the local runtime (pid ${state.supervisor.pid}) was killed`;
      const message = `${cause}; run \`rhizome down\` or \`rhizome up\``;
      const replicas = state.replicas.map(({ status: { name, restarts, lastTermination }, process }) => ({
        name,
        ready: false,
        restarts,
        ...(lastTermination !== undefined && { lastTermination }),
        ...(process !== undefined && left.includes(process)
          ? { reason: 'Orphaned', message, pid: process.pid }
          : { reason: 'Unknown' }),
      }));
      return { wanted: replicas.length, ready: 0, replicas };
    },
    async url() {
      const state = await readState(root);
      return state !== undefined && isRunning(state.supervisor) ? state.url : undefined;
    },
    metrics: (replica) => readMetrics(root, replica),
    events: (signal, show) => followEvents(root, signal, show),
    logs: (options) => printLogs(root, options),
    down: () => stopLocal(root, 'down'),
  };
}

/**
 * Returns a function that queries the served models again only if a replica has started or become ready since. All
 * replicas load the same folder, though a restarted one may have loaded a later version.
 */
function modelReader(): (state: RuntimeState) => Promise<string | undefined> {
  let known: string | undefined;
  let knownOf = '';
  return async ({ url, replicas }) => {
    const ready = replicas.filter(({ status }) => status.ready).map(({ status }) => status.startedAt);
    if (known === undefined || ready.join() !== knownOf) {
      known = await servedModels(url);
      knownOf = ready.join();
    }
    return known;
  };
}

/** Returns undefined if no replica responds, or the API key of the environment is not the service's. */
async function servedModels(url: string): Promise<string | undefined> {
  const key = apiKey();
  const client = createClient({ url, timeout: 2000, retries: 0, ...(key !== undefined && { apiKey: key }) });
  try {
    return formatServedModels(await client.request(paths.models));
  } catch (error) {
    if (error instanceof RhizomeError) return undefined;
    throw error;
  }
}
