/** What it costs when a replica dies: what was on its way to it, for two seconds, and nothing for a client that asks again. */
import { execa } from 'execa';
import type { LoadFailure } from '../../cli/load/report.ts';
import { expectOthersServed, underEvent, type Cost } from './event.ts';
import { connectionsOf, onNode, pidOnNode, replicas, secondsUntil, secondsUntilBack, type Replica } from './replicas.ts';
import { clusterTest, context, kindName, kubectl, name, notContainers, testWhere, useSite } from './site.ts';

/** Seconds. */
const backWithin = 5;
const failuresWithin = 2;

const site = useSite(async (opened) => {
  await opened.up();
  // Fresh containers: the kubelet backs off before the second restart of one.
  await kubectl('rollout', 'restart', 'deployment', name);
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await secondsUntil('the old pods are gone', Date.now(), (now) => now.length === 2);
});

const restartsOfOthers = async (victim: Replica): Promise<readonly number[]> =>
  (await replicas()).filter(({ pod }) => pod !== victim.pod).map(({ restarts }) => restarts);

/** Lets a replica die under load. @param kill returns the clock time of the death, in milliseconds */
async function death(event: string, victim: Replica, kill: () => Promise<number>): Promise<Cost & { readonly diedAt: number; readonly back: number; readonly held: number | undefined }> {
  // The image was just written to the nodes. A container's end waits for the disk too, and would be measured with that.
  if (kindName !== undefined) await onNode(victim.node, 'sync');
  let [diedAt, back, held] = [0, 0, undefined as number | undefined];
  const cost = await underEvent(site(), event, async () => {
    if (kindName !== undefined) held = await connectionsOf(victim);
    diedAt = await kill();
    back = await secondsUntilBack(victim, diedAt);
    return back;
  }, 5);
  return { ...cost, diedAt, back, held };
}

/** Holds a death that comes at once to what it may cost. */
function expectQuickReturn({ failures, lost, keepAlive, diedAt, back, held }: Awaited<ReturnType<typeof death>>): void {
  const secondsAfter = ({ sentAt }: LoadFailure): number => (sentAt - diedAt) / 1000;
  expect(lost.map(secondsAfter)).toEqual([]);
  expect(back).toBeLessThanOrEqual(backWithin);
  // One that was on its way when the replica died was sent just before.
  expect(failures.map(secondsAfter).filter((seconds) => seconds > failuresWithin || seconds < -failuresWithin)).toEqual([]);
  // Of the connections that had answered before, only those to this replica broke: the other one's went on.
  const broken = keepAlive.failures.filter(({ answeredBefore }) => answeredBefore > 0);
  if (held !== undefined) expect(broken.length).toBeLessThanOrEqual(held);
}

testWhere(notContainers, 'kill -9 of a replica: what was sent to it fails for 2 s at most, a client that asks again gets its answer, back within 5 s', async () => {
  const [victim] = await replicas();
  const before = await restartsOfOthers(victim!);
  const died = await death('kill -9', victim!, async () => {
    const pid = await pidOnNode(victim!);
    const at = Date.now();
    await onNode(victim!.node, `kill -9 ${pid}`);
    return at;
  });
  expectQuickReturn(died);
  expect(await restartsOfOthers(victim!)).toEqual(before);
});

clusterTest('a pod deleted with grace 0: the same', async () => {
  const [victim] = await replicas();
  const before = await restartsOfOthers(victim!);
  const died = await death('deletion, grace 0', victim!, async () => {
    const at = Date.now();
    await kubectl('delete', 'pod', victim!.pod, '--grace-period=0', '--force', '--wait=false');
    return at;
  });
  expectQuickReturn(died);
  expect((await replicas()).map(({ restarts }) => restarts)).toEqual([...before, 0].toSorted());
});

clusterTest('a replica out of memory: it comes back, status says why, the others serve', async () => {
  const victim = (await replicas()).toSorted((a, b) => a.restarts - b.restarts)[0]!;
  const before = await restartsOfOthers(victim);
  const died = await death('out of memory', victim, async () => {
    // Processes that are each smaller than the server, so that the server is the victim. They end with the container.
    const allocate = 'for i in $(seq 24); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';
    const { exitCode } = await execa('kubectl', ['--context', context, '--namespace', name, 'exec', victim.pod, '--', 'sh', '-c', allocate], { reject: false, timeout: 60_000 });
    if (exitCode === 0) throw new Error('the container had memory for all of it');
    return Date.now();
  });
  expect(died.lost).toEqual([]);
  expectOthersServed(died);
  expect(await restartsOfOthers(victim)).toEqual(before);
  const status = JSON.parse((await site().project.rhizome('status', '--json')).stdout) as { replicas: { name: string; reason?: string }[] };
  expect(status.replicas.find((replica) => replica.name === victim.pod)?.reason).toBe('OOMKilled');
});

testWhere(notContainers, 'a replica that hangs: liveness restarts it, the others serve', async () => {
  const victim = (await replicas()).toSorted((a, b) => a.restarts - b.restarts)[0]!;
  const before = await restartsOfOthers(victim);
  const died = await death('hang (SIGSTOP)', victim, async () => {
    const pid = await pidOnNode(victim);
    const at = Date.now();
    await onNode(victim.node, `kill -STOP ${pid}`);
    return at;
  });
  expectOthersServed(died);
  // Readiness takes it out of the Service within 8 s: three probes, each of 2 s, every 2 s.
  expect(died.fresh.failures.filter(({ sentAt }) => sentAt > died.diedAt + 10_000)).toEqual([]);
  expect(await restartsOfOthers(victim)).toEqual(before);
});
