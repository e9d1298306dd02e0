/**
 * Replicas that are killed under load. For two seconds, requests to the killed replica may fail. A client that retries
 * gets all of its responses.
 */
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
import { watchObjects } from './watch.ts';

/** Limits in seconds. */
const maxRecoveryTime = 5;
const maxFailureTime = 2;
/**
 * The kubelet checks its containers every second, and kube-proxy updates its rules at most once per second. A busy
 * machine only ever makes this slower, so it is enough if one kill out of three stays within the limits. The table
 * lists each of them.
 */
const maxAttempts = 3;

const testbed = useTestbed();

/** Replaces all replicas, because the kubelet delays the second restart of a container (back-off). */
async function createFreshReplicas(): Promise<readonly Replica[]> {
  await kubectl('rollout', 'restart', 'deployment', name);
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await secondsUntil('the old pods are gone', Date.now(), (now) => now.length === 2);
  return listReplicas();
}

/** Kills or suspends a replica. @returns the clock time at which this happened, in milliseconds */
type Kill = (victim: Replica) => Promise<number>;

interface KillImpact extends Impact {
  /** Clock time in milliseconds. */
  readonly killedAt: number;
  /** Seconds until all replicas were ready again. */
  readonly recoverySeconds: number;
  /** Connections that the replica had open, or undefined if its node is not a container on this machine. */
  readonly openConnections: number | undefined;
}

/** Kills a replica under load. */
async function killUnderLoad(disruption: string, victim: Replica, kill: Kill): Promise<KillImpact> {
  // The image has just been written to the nodes. Without a sync, terminating the container would wait for the disk,
  // and the test would measure that too.
  if (kindName !== undefined) await runOnNode(victim.node, 'sync');
  let [killedAt, recoverySeconds, connections] = [0, 0, undefined as number | undefined];
  const impact = await measureImpact(
    testbed(),
    disruption,
    async () => {
      if (kindName !== undefined) connections = await openConnections(victim);
      killedAt = await kill(victim);
      recoverySeconds = await secondsUntilRecovered(victim, killedAt);
      return recoverySeconds;
    },
    5,
  );
  return { ...impact, killedAt, recoverySeconds, openConnections: connections };
}

/** Returns how many seconds after a kill a failed request was sent. */
const secondsAfter =
  (killedAt: number) =>
  ({ sentAt }: LoadFailure): number =>
    (sentAt - killedAt) / 1000;

/** Lists the retries that failed. */
const failedRetries = ({ lost, killedAt }: KillImpact): readonly string[] =>
  lost.map(secondsAfter(killedAt)).map((seconds) => `a retry sent ${seconds.toFixed(2)} s after the kill failed`);

/** Lists by what the impact of an immediate kill exceeds the limits. */
function exceededLimits(impact: KillImpact): readonly string[] {
  // A request that was in flight when the replica was killed was sent just before, hence the absolute value.
  const late = impact.failures
    .map(secondsAfter(impact.killedAt))
    .filter((seconds) => Math.abs(seconds) > maxFailureTime);
  // Of the connections that had been used before, only those to the killed replica may break.
  const broken = impact.keptConnections.failures.filter(({ answeredBefore }) => answeredBefore > 0).length;
  return [
    ...failedRetries(impact),
    ...late.map((seconds) => `a request sent ${seconds.toFixed(2)} s after the kill failed`),
    ...(broken > (impact.openConnections ?? Infinity)
      ? [`${broken} kept connections broke, but the replica had only ${impact.openConnections} open`]
      : []),
    ...(impact.recoverySeconds > maxRecoveryTime ? [`recovery took ${impact.recoverySeconds.toFixed(1)} s`] : []),
  ];
}

/** Kills fresh replicas, one per attempt, until the impact of a kill is within the limits. @returns the last victim */
async function expectImpactWithinLimits(
  disruption: string,
  kill: Kill,
  expectedRestarts: readonly number[],
  exceeded: (impact: KillImpact) => readonly string[],
): Promise<Replica> {
  for (let attempt = 1; ; attempt++) {
    const [victim] = await createFreshReplicas();
    const impact = await killUnderLoad(disruption, victim!, kill);
    expectOtherReplicasServed(impact);
    expect(await restartCounts()).toEqual(expectedRestarts);
    const problems = exceeded(impact);
    if (attempt === maxAttempts) expect(problems).toEqual([]);
    if (problems.length === 0) return victim!;
    console.log(`  limits exceeded in attempt ${attempt} of ${maxAttempts}:\n    ${problems.join('\n    ')}`);
  }
}

testIfSupported(
  noContainerNodes,
  'kill -9 of a replica: requests to it fail for at most 2 s, retries succeed, and it is ready again within 5 s',
  async () => {
    await expectImpactWithinLimits('kill -9', (victim) => signalOnNode(victim, 'KILL'), [0, 1], exceededLimits);
  },
);

clusterTest('deleting a pod with grace period 0 has no greater impact than kill -9', async () => {
  await expectImpactWithinLimits(
    'deletion, grace period 0',
    async ({ pod }) => {
      const at = Date.now();
      await kubectl('delete', 'pod', pod, '--grace-period=0', '--force', '--wait=false');
      return at;
    },
    [0, 0],
    exceededLimits,
  );
});

clusterTest(
  'a replica runs out of memory: it is restarted, retries succeed, status gives the reason, and the others serve',
  async () => {
    const victim = await expectImpactWithinLimits(
      'out of memory',
      async ({ pod }) => {
        // Each of these processes uses less memory than the server, so the kernel kills the server. They end with the
        // container.
        const allocate = 'for i in $(seq 24); do (head -c 30000000 /dev/zero; sleep 15) | tail & done; wait';
        const { exitCode } = await execa(
          'kubectl',
          ['--context', context, '--namespace', name, 'exec', pod, '--', 'sh', '-c', allocate],
          { reject: false, timeout: 60_000 },
        );
        if (exitCode === 0) throw new Error('The container did not run out of memory.');
        return Date.now();
      },
      [0, 1],
      failedRetries,
    );
    const status = JSON.parse((await testbed().project.rhizome('status', '--json')).stdout) as {
      replicas: { name: string; reason?: string }[];
    };
    expect(status.replicas.find((replica) => replica.name === victim.pod)?.reason).toBe('OOMKilled');
  },
);

/** Something that happened, and its clock time in milliseconds. */
interface Incident {
  readonly at: number;
  readonly what: string;
}

/** @returns every state of a pod until the signal aborts, and when it was reported */
async function watchPod(pod: string, signal: AbortSignal): Promise<readonly Incident[]> {
  const container = '.status.containerStatuses[0]';
  const columns =
    "ready {.status.conditions[?(@.type=='Ready')].status}, " +
    `started {${container}.started}, restarts {${container}.restartCount}, {${container}.containerID}`;
  const states: Incident[] = [];
  for await (const what of watchObjects(['pod', pod], columns, signal)) states.push({ at: Date.now(), what });
  return states;
}

testIfSupported(noContainerNodes, 'a replica hangs: the liveness probe restarts it, and the others serve', async () => {
  const [victim] = await createFreshReplicas();
  const ended = new AbortController();
  const states = watchPod(victim!.pod, ended.signal);
  const impact = await killUnderLoad('hang (SIGSTOP)', victim!, (replica) => signalOnNode(replica, 'STOP')).finally(
    () => {
      ended.abort();
    },
  );
  expectOtherReplicasServed(impact);
  // The readiness probe removes it from the Service within 8 s: three probes with a timeout of 2 s, one every 2 s.
  const reported = await states;
  const removed = reported.find(({ at, what }) => at > impact.killedAt && what.startsWith('ready False'));
  expect(removed?.at).toBeLessThan(impact.killedAt + 10_000);
  const late = impact.newConnections.failures
    .filter(({ sentAt }) => sentAt > impact.killedAt + 10_000)
    .map(({ kind, sentAt }) => ({ at: sentAt, what: kind }));
  // The states of the replica tell whether it was routed to although it was not ready.
  const story = late.length === 0 ? [] : [...reported, ...late].toSorted((a, b) => a.at - b.at);
  expect(story.map(({ at, what }) => `${((at - impact.killedAt) / 1000).toFixed(3)} s: ${what}`)).toEqual([]);
  expect(await restartCounts()).toEqual([0, 1]);
});
