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
  readonly lastEnd: string | undefined;
}

/** The pods that are not on their way out, as the API server sees them. */
export async function replicas(): Promise<readonly Replica[]> {
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
        // The pod's, not the container's: the pods of a lost node are not ready, whatever their containers last said.
        ready: status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false,
        restarts: container?.restartCount ?? 0,
        lastEnd: container?.lastState?.terminated?.reason,
      };
    });
}

/** Restarts of the replicas, the fewest first. */
export const restarts = async (): Promise<readonly number[]> =>
  (await replicas()).map((replica) => replica.restarts).toSorted((a, b) => a - b);

/** Pods, those too that are on their way out. */
export const podNames = async (): Promise<readonly string[]> =>
  (await kubectl('get', 'pods', '--output', 'name'))
    .split('\n')
    .filter((pod) => pod !== '')
    .toSorted();

/** Waits until the replicas are as wanted. @returns the seconds since `since` (clock time, milliseconds) */
export async function secondsUntil(
  what: string,
  since: number,
  holds: (now: readonly Replica[]) => boolean,
  limit = 60,
): Promise<number> {
  let failed: unknown;
  for (;;) {
    const now = await replicas().catch((error: unknown) => {
      failed = error; // the API server of a busy machine may take too long once
      return [];
    });
    const seconds = (Date.now() - since) / 1000;
    if (holds(now)) return seconds;
    if (seconds > limit)
      throw new Error(`waited ${limit} s in vain until ${what}: ${JSON.stringify(now)}`, { cause: failed });
    await sleep(50);
  }
}

/** Seconds until a killed replica, restarted or replaced, is ready, and all others are. */
export async function secondsUntilBack(
  killed: Replica,
  since: number,
  { wanted = 2, limit = 60 } = {},
): Promise<number> {
  return secondsUntil(
    `${killed.pod} is back`,
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

/** Runs a shell line in a node of kind. */
export async function onNode(node: string, line: string): Promise<string> {
  const { stdout } = await execa('docker', ['exec', node, 'sh', '-c', line], { timeout: 30_000 });
  return stdout;
}

const silent = {
  root: process.cwd(),
  report: createReporter({ write: () => true }),
  signal: new AbortController().signal,
};

/** As the command knows it. */
const located = ({ pod, node, containerId }: Replica): Located => ({ name: pod, node, process: containerId });

/** Signals a replica's first process from its node: from inside of the container it ignores these. @returns the clock time, in milliseconds */
export const signalOnNode = (replica: Replica, signal: 'KILL' | 'STOP'): Promise<number> =>
  nodesOf('docker').signal(silent, located(replica), signal);

/** Connections that the replica's server holds. State 01 of /proc/net/tcp is ESTABLISHED; 1F40 is port 8000. */
export async function connectionsOf(replica: Replica): Promise<number> {
  const pid = await pidOnNode(silent, 'docker', located(replica));
  return Number(
    await onNode(
      replica.node,
      `cat /proc/${pid}/net/tcp /proc/${pid}/net/tcp6 | awk '$2 ~ /:1F40$/ && $4 == "01"' | wc -l`,
    ),
  );
}
