import { execa } from 'execa';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodesOf, pidOnNode, type Located } from '../../cli/chaos/node.ts';
import type { List, Pod } from '../../cli/kubernetes.ts';
import { createReporter } from '../../cli/terminal/reporter.ts';
import { kubectl } from './testbed.ts';

export interface Replica {
  readonly pod: string;
  readonly node: string;
  readonly image: string;
  readonly containerId: string;
  readonly ready: boolean;
  readonly restarts: number;
  /** Why the container was terminated the last time, such as `OOMKilled`. */
  readonly lastTermination: string | undefined;
}

/** Returns the pods that are not terminating, as the API server reports them. */
export async function listReplicas(): Promise<readonly Replica[]> {
  const { items } = JSON.parse(await kubectl('get', 'pods', '--output', 'json')) as List<Pod>;
  return items
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status.phase !== 'Failed')
    .map(({ metadata, spec, status }) => {
      const container = status.containerStatuses?.[0];
      return {
        pod: metadata.name,
        node: spec.nodeName ?? '',
        image: spec.containers[0]?.image ?? '',
        containerId: container?.containerID?.replace('containerd://', '') ?? '',
        // The condition of the pod, not of the container: after a node is lost, its pods are not ready although the
        // last reported status of their containers still says so.
        ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
        restarts: container?.restartCount ?? 0,
        lastTermination: container?.lastState?.terminated?.reason,
      };
    });
}

/** Returns the number of restarts of each replica, in ascending order. */
export const restartCounts = async (): Promise<readonly number[]> =>
  (await listReplicas()).map((replica) => replica.restarts).toSorted((a, b) => a - b);

/** Returns the names of all pods, as `pod/NAME`, including those that are terminating. */
export const listPodNames = async (): Promise<readonly string[]> =>
  (await kubectl('get', 'pods', '--output', 'name'))
    .split('\n')
    .filter((pod) => pod !== '')
    .toSorted();

/**
 * Waits until the replicas meet a condition.
 * @param since clock time in milliseconds
 * @param limit timeout in seconds
 * @returns the seconds from `since` until then
 */
export async function secondsUntil(
  what: string,
  since: number,
  condition: (now: readonly Replica[]) => boolean,
  limit = 60,
): Promise<number> {
  let cause: unknown;
  for (;;) {
    const now = await listReplicas().catch((error: unknown) => {
      cause = error; // a single timeout is normal for the API server of a busy machine
      return [];
    });
    const seconds = (Date.now() - since) / 1000;
    if (condition(now)) return seconds;
    if (seconds > limit)
      throw new Error(`Timed out after ${limit} s, waiting until ${what}. Replicas: ${JSON.stringify(now)}`, { cause });
    await sleep(50);
  }
}

/**
 * Waits until all replicas are ready and the killed one has been restarted or replaced.
 * @returns the seconds until then
 */
export async function secondsUntilRecovered(
  killed: Replica,
  since: number,
  { wanted = 2, limit = 60 } = {},
): Promise<number> {
  return secondsUntil(
    `${killed.pod} is restarted or replaced, and all replicas are ready`,
    since,
    (now) => {
      const same = now.find(({ pod }) => pod === killed.pod);
      return (
        now.length === wanted &&
        now.every(({ ready }) => ready) &&
        (same === undefined || same.restarts > killed.restarts)
      );
    },
    limit,
  );
}

/** Runs a shell command on a node of a kind cluster. @returns its standard output */
export async function runOnNode(node: string, line: string): Promise<string> {
  const { stdout } = await execa('docker', ['exec', node, 'sh', '-c', line], { timeout: 30_000 });
  return stdout;
}

const quietContext = {
  root: process.cwd(),
  report: createReporter({ write: () => true }),
  signal: new AbortController().signal,
};

/** Converts a replica to the form that `rhizome chaos` uses. */
const located = ({ pod, node, containerId }: Replica): Located => ({ name: pod, node, process: containerId });

/**
 * Signals a replica's first process from its node: from inside the container, the process ignores these signals.
 * @returns the clock time of the signal in milliseconds
 */
export const signalOnNode = (replica: Replica, signal: 'KILL' | 'STOP'): Promise<number> =>
  nodesOf('docker').signal(quietContext, located(replica), signal);

/** Returns the number of connections that a replica's HTTP server has open. */
export async function openConnections(replica: Replica): Promise<number> {
  const pid = await pidOnNode(quietContext, 'docker', located(replica));
  // In /proc/net/tcp, state 01 is ESTABLISHED, and 1F40 is port 8000.
  return Number(
    await runOnNode(
      replica.node,
      `cat /proc/${pid}/net/tcp /proc/${pid}/net/tcp6 | awk '$2 ~ /:1F40$/ && $4 == "01"' | wc -l`,
    ),
  );
}
