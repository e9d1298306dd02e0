import { Failure } from '../failure.ts';
import type { LoadOptions } from '../load/load.ts';
import { currentManifests, type Manifests } from '../project/manifests.ts';
import { scopeOf } from '../cluster/scope.ts';
import { isCluster } from '../targets/find.ts';
import { belongsTo, readState, sendSignal } from '../local/index.ts';
import { containerEngineOf } from '../cluster/applied.ts';
import type { Target } from '../targets/target.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import type { Scope } from '../tools/kubectl.ts';
import { kubectlDeleteNow } from '../tools/kubectl-disrupt.ts';
import { nodesOf, type Nodes } from './node.ts';
import { followPods } from './pods.ts';
import { poll, ReplicaWatch, type ChaosReplica } from './replicas.ts';

/** What an experiment can use. A missing property means that the target doesn't allow it. */
export interface ChaosContext {
  readonly context: ExecContext;
  /** The usual load of an experiment: the models' examples. */
  readonly load: Omit<LoadOptions, 'retryAfter'>;
  readonly watch: ReplicaWatch;
  /** Replicas that the Deployment asks for. */
  readonly wanted: number;
  /**
   * Kills a replica's process without warning, or deletes its pod if no signal can reach the process.
   * @returns when, as clock time in milliseconds
   */
  readonly kill: (replica: ChaosReplica) => Promise<number>;
  /** Stops or continues a replica's process. @returns when, as clock time in milliseconds */
  readonly freeze?: (context: ExecContext, replica: ChaosReplica, signal: 'STOP' | 'CONT') => Promise<number>;
  readonly cluster?: { readonly scope: Scope; readonly manifests: Manifests };
  /** Nodes that Rhizome controls: containers of this machine. */
  readonly nodes?: Nodes;
}

/**
 * Starts to watch the replicas, until the signal aborts.
 * @throws {Failure} if nothing is running
 */
export async function openChaosContext(
  context: ExecContext,
  target: Target,
  load: ChaosContext['load'],
): Promise<ChaosContext> {
  const status = await target.status();
  if (status === undefined || status.wanted === 0)
    throw new Failure(`Nothing is up on ${target.name}.`, { hint: `Start it: rhizome up --on ${target.name}` });
  const watch = new ReplicaWatch(context.signal);
  const { wanted } = status;
  if (!isCluster(target)) return onThisMachine({ context, load, watch, wanted });

  const manifests = currentManifests(context.root, target.environment);
  const scope = scopeOf(target.context, manifests);
  followPods(context, scope, manifests.selector, watch);
  const nodes = target.kindCluster === undefined ? undefined : nodesOf(await containerEngineOf(context.root, target));
  return {
    context,
    load,
    watch,
    wanted,
    cluster: { scope, manifests },
    ...(nodes === undefined
      ? {
          async kill(replica) {
            const at = Date.now();
            await exec(context, kubectlDeleteNow(scope, replica.name));
            return at;
          },
        }
      : {
          nodes,
          kill: (replica) => nodes.signal(context, replica, 'KILL'),
          freeze: (within, replica, signal) => nodes.signal(within, replica, signal),
        }),
  };
}

/** Often enough to see a killed replica recover. */
const pollMilliseconds = 50;

function onThisMachine(common: Pick<ChaosContext, 'context' | 'load' | 'watch' | 'wanted'>): ChaosContext {
  const { context, watch } = common;
  const { root } = context;
  poll(
    watch,
    async () =>
      (await readState(root))?.replicas.map(({ status, process }) => {
        const { name, ready, restarts, reason } = status;
        return {
          name,
          ready,
          leaving: false,
          restarts,
          ...(reason !== undefined && { reason }),
          ...(process !== undefined && { process: String(process.pid) }),
        };
      }) ?? [],
    pollMilliseconds,
    context.signal,
  );
  const signal = async (
    { report }: ExecContext,
    { name, process }: ChaosReplica,
    what: NodeJS.Signals,
  ): Promise<number> => {
    const id = (await readState(root))?.replicas.find((replica) => replica.status.name === name)?.process;
    if (id === undefined || String(id.pid) !== process || !belongsTo(id, root))
      throw new Failure(`The process of ${name} has already ended.`);
    report.command(`kill -${what.slice(3)} ${String(id.pid)}`);
    sendSignal(id, what);
    return Date.now();
  };
  return {
    ...common,
    kill: (replica) => signal(context, replica, 'SIGKILL'),
    freeze: (within, replica, what) => signal(within, replica, `SIG${what}`),
  };
}
