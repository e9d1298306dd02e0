import { execa } from 'execa';
import { setTimeout as sleep } from 'node:timers/promises';

export const kubeContext = 'kind-rhizome';
const namespace = 'iris-server';

/** `kubectl` in the namespace of the product; fails after a minute. */
export async function kubectl(...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('kubectl', ['--context', kubeContext, '--namespace', namespace, ...args], { timeout: 60_000 });
  return stdout;
}

export interface Replica {
  readonly pod: string;
  readonly node: string;
  readonly image: string;
  readonly containerId: string;
  readonly ready: boolean;
  readonly restarts: number;
  readonly lastEnd: string | undefined;
}

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly spec: { readonly nodeName: string; readonly containers: readonly [{ readonly image: string }] };
    readonly status: {
      readonly containerStatuses?: readonly [{
        readonly ready: boolean;
        readonly restartCount: number;
        readonly containerID?: string;
        readonly lastState?: { readonly terminated?: { readonly reason: string } };
      }];
    };
  }[];
}

/** The replicas that are not on their way out. */
export async function replicas(): Promise<readonly Replica[]> {
  const { items } = JSON.parse(await kubectl('get', 'pods', '--output', 'json')) as PodList;
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(({ metadata, spec, status }) => {
    const container = status.containerStatuses?.[0];
    return {
      pod: metadata.name,
      node: spec.nodeName,
      image: spec.containers[0].image,
      containerId: container?.containerID?.replace('containerd://', '') ?? '',
      ready: container?.ready === true,
      restarts: container?.restartCount ?? 0,
      lastEnd: container?.lastState?.terminated?.reason,
    };
  });
}

/** Waits until the replica was restarted and all are ready. @returns the seconds since `since` (clock time, milliseconds) */
export async function secondsUntilBack(killed: Replica, since: number): Promise<number> {
  const deadline = since + 60_000;
  for (;;) {
    const now = await replicas();
    const seconds = (Date.now() - since) / 1000;
    const again = now.find(({ pod }) => pod === killed.pod);
    if (again !== undefined && again.restarts > killed.restarts && now.length === 2 && now.every(({ ready }) => ready)) return seconds;
    if (Date.now() > deadline) throw new Error(`${killed.pod} is not back after 60 s: ${JSON.stringify(now)}`);
    await sleep(50);
  }
}

/** Runs a shell line in a node of kind. */
export async function onNode(node: string, line: string): Promise<string> {
  const { stdout } = await execa('docker', ['exec', node, 'sh', '-c', line], { timeout: 30_000 });
  return stdout;
}

/** The process id, on its node, of a replica's first process: a signal to PID 1 from inside of the container is ignored. */
export async function pidOnNode({ node, containerId }: Replica): Promise<number> {
  // Processes that end meanwhile are no failure.
  const found = await onNode(node, `grep -ls ${containerId} /proc/[0-9]*/cgroup || true`);
  const pids = found.split('\n').filter((path) => path !== '').map((path) => Number(path.split('/')[2]));
  if (pids.length === 0) throw new Error(`No process of container ${containerId} on ${node}.`);
  return Math.min(...pids);
}

/** Connections that the replica's server holds. State 01 of /proc/net/tcp is ESTABLISHED; 1F40 is port 8000. */
export async function connectionsOf(replica: Replica): Promise<number> {
  const pid = await pidOnNode(replica);
  return Number(await onNode(replica.node, `cat /proc/${pid}/net/tcp /proc/${pid}/net/tcp6 | awk '$2 ~ /:1F40$/ && $4 == "01"' | wc -l`));
}
