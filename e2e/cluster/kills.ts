import { setTimeout as sleep } from 'node:timers/promises';
import { inOneLine, underLoad, type LoadFailure, type LoadOptions, type LoadReport } from '../load.ts';
import { connectionsOf, kubectl, onNode, pidOnNode, replicas, secondsUntilBack, type Replica } from './replicas.ts';

/** What a replica that dies may cost, and no more. Times are in seconds. */
const backWithin = 5;
const failuresWithin = 2;

/** 25 clients that keep their connection and 25 that open one for each request; all retry once, two seconds later. */
export function fiftyConnections(load: Pick<LoadOptions, 'url' | 'body' | 'isRight'>): readonly LoadOptions[] {
  return (['keep-alive', 'new'] as const).map((mode) => ({ ...load, mode, connections: 25, retryAfter: failuresWithin * 1000, pause: 200 }));
}

/** Makes a replica die. @returns the clock time of its death, in milliseconds */
export type Kill = (replica: Replica) => Promise<number>;

/** SIGKILL from the node, as the kernel would: PID 1 of a container ignores it from inside. */
export const killProcess: Kill = async (replica) => {
  const pid = await pidOnNode(replica);
  const killedAt = Date.now();
  await onNode(replica.node, `kill -9 ${pid}`);
  return killedAt;
};

/** Fills the container's memory with processes that are each smaller than the server, so that the server is the victim. */
export const exhaustMemory: Kill = async (replica) => {
  const pid = await pidOnNode(replica);
  const allocate = 'for i in $(seq 24); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';
  // Both end with the container.
  const allocating = kubectl('exec', replica.pod, '--', 'sh', '-c', allocate).catch(() => undefined);
  await onNode(replica.node, `while kill -0 ${pid} 2> /dev/null; do sleep 0.05; done`);
  const killedAt = Date.now();
  await allocating;
  return killedAt;
};

/** Kills a replica under load and checks what that cost. */
export async function expectQuickReturn(name: string, load: Pick<LoadOptions, 'url' | 'body' | 'isRight'>, kill: Kill, victim: Replica): Promise<void> {
  // The image was just written to the nodes. A container's end waits for the disk too, and would be measured with that.
  await onNode(victim.node, 'sync');
  const before = await restartsOfOthers(victim);
  let killedAt = 0;
  let held = 0;
  let back = 0;
  const reports = await underLoad(fiftyConnections(load), async () => {
    held = await connectionsOf(victim);
    killedAt = await kill(victim);
    back = await secondsUntilBack(victim, killedAt);
    // Thirty seconds of load in all.
    await sleep(Math.max(0, 26_000 - (Date.now() - killedAt)));
  });
  report(name, reports, back, held, killedAt);

  const secondsAfter = ({ sentAt }: LoadFailure): number => (sentAt - killedAt) / 1000;
  expect(reports.flatMap(({ lost }) => lost.map(secondsAfter))).toEqual([]);
  expect(back).toBeLessThanOrEqual(backWithin);
  expect(reports.flatMap(({ failures }) => failures.map(secondsAfter)).filter((seconds) => seconds > failuresWithin)).toEqual([]);
  // Of the connections that had answered before, only those to the killed replica broke: the other one's went on.
  const broken = reports[0]!.failures.filter(({ answeredBefore }) => answeredBefore > 0);
  expect(broken.length).toBeLessThanOrEqual(held);
  expect(await restartsOfOthers(victim)).toEqual(before);
}

const restartsOfOthers = async (victim: Replica): Promise<readonly number[]> =>
  (await replicas()).filter(({ pod }) => pod !== victim.pod).map(({ restarts }) => restarts);

function report(name: string, [keepAlive, fresh]: readonly LoadReport[], back: number, held: number, killedAt: number): void {
  const failures = [...keepAlive!.failures, ...fresh!.failures].map(({ failedAt }) => (failedAt - killedAt) / 1000);
  const span = failures.length === 0 ? '' : `; failures from ${Math.min(...failures)} s to ${Math.max(...failures)} s after the kill`;
  console.log(`${name}: ready again after ${back.toFixed(1)} s; the replica held ${held} connections${span}\n  keep-alive: ${inOneLine(keepAlive!)}\n  new: ${inOneLine(fresh!)}`);
}
