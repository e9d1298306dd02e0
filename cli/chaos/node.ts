import { Failure } from '../failure.ts';
import { nodePause, nodeShell, nodeUnpause, type ContainerEngine } from '../tools/container-engine.ts';
import { exec, type ExecContext } from '../tools/exec.ts';
import type { ChaosReplica } from './replicas.ts';

/** The properties of a replica that identify its process. */
export type Located = Pick<ChaosReplica, 'name' | 'node' | 'process'>;

/** The nodes of a kind cluster, which are containers of this machine. */
export interface Nodes {
  /**
   * Signals the first process of a replica from its node, as the kernel would. From inside the container, PID 1 ignores
   * SIGKILL and SIGSTOP.
   * @returns when, as clock time in milliseconds
   */
  signal(context: ExecContext, replica: Located, signal: 'KILL' | 'STOP' | 'CONT'): Promise<number>;
  /** Waits until the replica's process has ended. @returns when, as clock time in milliseconds */
  ended(context: ExecContext, replica: Located): Promise<number>;
  pause(context: ExecContext, node: string): Promise<void>;
  unpause(context: ExecContext, node: string): Promise<void>;
}

export function nodesOf(engine: ContainerEngine): Nodes {
  return {
    async signal(context, replica, signal) {
      const pid = await pidOnNode(context, engine, replica);
      const at = Date.now();
      await exec(context, nodeShell(engine, nodeName(replica), `kill -${signal} ${String(pid)}`), { timeout: 30_000 });
      return at;
    },
    async ended(context, replica) {
      const pid = await pidOnNode(context, engine, replica);
      const line = `while kill -0 ${String(pid)} 2> /dev/null; do sleep 0.05; done`;
      await exec(context, nodeShell(engine, nodeName(replica), line), {
        quiet: true,
        timeout: 60_000,
        hint: 'Check that the container has a memory limit.',
      });
      return Date.now();
    },
    pause: async (context, node) => {
      await exec(context, nodePause(engine, node));
    },
    unpause: async (context, node) => {
      await exec(context, nodeUnpause(engine, node));
    },
  };
}

const nodeName = ({ name, node }: Located): string => {
  if (node === undefined) throw new Failure(`${name} is not scheduled to a node yet.`);
  return node;
};

/** Returns the process ID, on its node, of a replica's first process. */
export async function pidOnNode(context: ExecContext, engine: ContainerEngine, replica: Located): Promise<number> {
  const container = replica.process ?? '';
  if (!/^[0-9a-f]+$/.test(container)) throw new Failure(`${replica.name} has no container yet.`);
  // grep fails for processes that end meanwhile.
  const found = await exec(
    context,
    nodeShell(engine, nodeName(replica), `grep -ls ${container} /proc/[0-9]*/cgroup || true`),
    { quiet: true, timeout: 30_000 },
  );
  const pids = found
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => Number(path.split('/')[2]));
  if (pids.length === 0)
    throw new Failure(`The container of ${replica.name} no longer has a process on ${nodeName(replica)}.`);
  return Math.min(...pids);
}
