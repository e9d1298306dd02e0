/** What it costs when a replica dies: what was on its way to it, for two seconds, and nothing for a client that asks again. */
import { execa } from 'execa';
import type { LoadFailure } from '../../cli/load/report.ts';
import { expectOtherReplicasServed, measureImpact, type Impact } from './disruption.ts';
import {
  openConnections,
  runOnNode,
  listReplicas,
  restartCounts,
  secondsUntil,
  secondsUntilRecovered,
  signalOnNode,
  type Replica,
} from './replicas.ts';
import {
  clusterTest,
  context,
  kindName,
  kubectl,
  name,
  noContainerNodes,
  testIfSupported,
  useTestbed,
} from './testbed.ts';

/** Seconds. */
const backWithin = 5;
const failuresWithin = 2;
/**
 * The kubelet looks at its containers each second, and kube-proxy writes its rules at most each second. A machine that has
 * something else to do adds to that and never takes from it, so one death of three has to be as quick. The table has each.
 */
const tries = 3;

const testbed = useTestbed();

/** The kubelet backs off before the second restart of a container. */
async function freshReplicas(): Promise<readonly Replica[]> {
  await kubectl('rollout', 'restart', 'deployment', name);
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await secondsUntil('the old pods are gone', Date.now(), (now) => now.length === 2);
  return listReplicas();
}

/** Takes a replica's life. @returns the clock time of its death, in milliseconds */
type Kill = (victim: Replica) => Promise<number>;

interface Death extends Impact {
  readonly diedAt: number;
  /** Seconds until the count was back. */
  readonly back: number;
  /** Connections that the replica held; undefined where its node cannot be asked. */
  readonly held: number | undefined;
}

/** Lets a replica die under load. */
async function death(disruption: string, victim: Replica, kill: Kill): Promise<Death> {
  // The image was just written to the nodes. A container's end waits for the disk too, and would be measured with that.
  if (kindName !== undefined) await runOnNode(victim.node, 'sync');
  let [diedAt, back, held] = [0, 0, undefined as number | undefined];
  const impact = await measureImpact(
    testbed(),
    disruption,
    async () => {
      if (kindName !== undefined) held = await openConnections(victim);
      diedAt = await kill(victim);
      back = await secondsUntilRecovered(victim, diedAt);
      return back;
    },
    5,
  );
  return { ...impact, diedAt, back, held };
}

const secondsAfter =
  (diedAt: number) =>
  ({ sentAt }: LoadFailure): number =>
    (sentAt - diedAt) / 1000;

/** Answers that a client did not get although it asked once more. */
const lostTwice = ({ lost, diedAt }: Death): readonly string[] =>
  lost.map(secondsAfter(diedAt)).map((seconds) => `failed again when sent ${seconds.toFixed(2)} s after the death`);

/** What a death that comes at once cost beyond what it may. */
function beyondLimits(died: Death): readonly string[] {
  // One that was on its way when the replica died was sent just before.
  const late = died.failures.map(secondsAfter(died.diedAt)).filter((seconds) => Math.abs(seconds) > failuresWithin);
  // Of the connections that had answered before, only those to this replica broke: the other one's went on.
  const broken = died.keepAlive.failures.filter(({ answeredBefore }) => answeredBefore > 0).length;
  return [
    ...lostTwice(died),
    ...late.map((seconds) => `failed when sent ${seconds.toFixed(2)} s after the death`),
    ...(broken > (died.held ?? Infinity)
      ? [`${broken} kept connections broke, of which the replica had ${died.held}`]
      : []),
    ...(died.back > backWithin ? [`back after ${died.back.toFixed(1)} s`] : []),
  ];
}

/** Lets fresh replicas die, until one death cost no more than it may. @returns who died last */
async function expectDeath(
  disruption: string,
  kill: Kill,
  restartsAfter: readonly number[],
  beyond: (died: Death) => readonly string[],
): Promise<Replica> {
  for (let tried = 1; ; tried++) {
    const [victim] = await freshReplicas();
    const died = await death(disruption, victim!, kill);
    expectOtherReplicasServed(died);
    expect(await restartCounts()).toEqual(restartsAfter);
    const exceeded = beyond(died);
    if (tried === tries) expect(exceeded).toEqual([]);
    if (exceeded.length === 0) return victim!;
    console.log(`  beyond the limits, try ${tried} of ${tries}:\n    ${exceeded.join('\n    ')}`);
  }
}

testIfSupported(
  noContainerNodes,
  'kill -9 of a replica: what was sent to it fails for 2 s at most, a client that asks again gets its answer, back within 5 s',
  async () => {
    await expectDeath('kill -9', (victim) => signalOnNode(victim, 'KILL'), [0, 1], beyondLimits);
  },
);

clusterTest('a pod deleted with grace 0: the same', async () => {
  await expectDeath(
    'deletion, grace 0',
    async ({ pod }) => {
      const at = Date.now();
      await kubectl('delete', 'pod', pod, '--grace-period=0', '--force', '--wait=false');
      return at;
    },
    [0, 0],
    beyondLimits,
  );
});

clusterTest(
  'a replica out of memory: it comes back, a client that asks again gets its answer, status says why, the others serve',
  async () => {
    const victim = await expectDeath(
      'out of memory',
      async ({ pod }) => {
        // Processes that are each smaller than the server, so that the server is the victim. They end with the container.
        const allocate = 'for i in $(seq 24); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';
        const { exitCode } = await execa(
          'kubectl',
          ['--context', context, '--namespace', name, 'exec', pod, '--', 'sh', '-c', allocate],
          { reject: false, timeout: 60_000 },
        );
        if (exitCode === 0) throw new Error('the container had memory for all of it');
        return Date.now();
      },
      [0, 1],
      lostTwice,
    );
    const status = JSON.parse((await testbed().project.rhizome('status', '--json')).stdout) as {
      replicas: { name: string; reason?: string }[];
    };
    expect(status.replicas.find((replica) => replica.name === victim.pod)?.reason).toBe('OOMKilled');
  },
);

testIfSupported(noContainerNodes, 'a replica that hangs: liveness restarts it, the others serve', async () => {
  const [victim] = await freshReplicas();
  const died = await death('hang (SIGSTOP)', victim!, (replica) => signalOnNode(replica, 'STOP'));
  expectOtherReplicasServed(died);
  // Readiness takes it out of the Service within 8 s: three probes, each of 2 s, every 2 s.
  expect(died.fresh.failures.filter(({ sentAt }) => sentAt > died.diedAt + 10_000)).toEqual([]);
  expect(await restartCounts()).toEqual([0, 1]);
});
