/** What it costs when a pod or its node has to go, or is lost. */
import { execa, execaSync } from 'execa';
import { expectOtherReplicasServed, expectNoFailedRequests, measureImpact } from './disruption.ts';
import { listPodNames, listReplicas, secondsUntil, type Replica } from './replicas.ts';
import {
  clusterTest,
  context,
  kubectl,
  name,
  noContainerNodes,
  skipReason,
  testIfSupported,
  useTestbed,
} from './testbed.ts';
import { variables } from '../suite.ts';
import { cleanUpAtEnd } from '../cleanup.ts';

const testbed = useTestbed();

/** Why a node cannot be emptied: nothing can be run elsewhere. */
function tooFewNodes(): string | undefined {
  // Before the suite's own cluster is made, it is known to have two.
  if (skipReason !== undefined || process.env[variables.context] === undefined) return undefined;
  const { stdout } = execaSync(
    'kubectl',
    [
      '--context',
      context,
      'get',
      'nodes',
      '--output',
      'jsonpath={range .items[*]}{.spec.taints[*].effect}{"\\n"}{end}',
    ],
    { reject: false, timeout: 30_000 },
  );
  const free = stdout.split('\n').filter((effects) => !effects.includes('NoSchedule')).length;
  return free < 2 ? `${context} has only ${free} nodes that take pods` : undefined;
}

const allReady = (now: readonly Replica[]): boolean => now.length === 2 && now.every(({ ready }) => ready);

clusterTest('eviction by the Eviction API: no request fails', async () => {
  const [victim] = await listReplicas();
  await expectNoFailedRequests(
    testbed(),
    'eviction',
    async () => {
      const began = Date.now();
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: victim!.pod, namespace: name } };
      const path = `/api/v1/namespaces/${name}/pods/${victim!.pod}/eviction`;
      await execa('kubectl', ['--context', context, 'create', '--raw', path, '--filename', '-'], {
        input: JSON.stringify(eviction),
        timeout: 60_000,
      });
      return secondsUntil(
        'another pod is ready',
        began,
        (now) => allReady(now) && now.every(({ pod }) => pod !== victim!.pod),
      );
    },
    12,
  );
});

testIfSupported(tooFewNodes(), 'drain of a worker: no request fails', async () => {
  const { node } = (await listReplicas())[0]!;
  cleanUpAtEnd('kubectl', '--context', context, 'uncordon', node);
  try {
    await expectNoFailedRequests(testbed(), 'drain of a worker', async () => {
      const began = Date.now();
      await kubectl(
        'drain',
        node,
        '--ignore-daemonsets',
        '--delete-emptydir-data',
        `--pod-selector=app.kubernetes.io/instance=${name}`,
        '--timeout=100s',
      );
      return secondsUntil(
        'the replicas are elsewhere',
        began,
        (now) => allReady(now) && now.every((replica) => replica.node !== node),
      );
    });
  } finally {
    await kubectl('uncordon', node);
  }
});

testIfSupported(
  noContainerNodes,
  'a worker stops: replicas elsewhere serve, the count is back there 30 s after it is found out, nothing is doubled when it returns',
  async () => {
    // Spread over both workers; the drain has left them on one.
    await kubectl('rollout', 'restart', 'deployment', name);
    await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
    await secondsUntil(
      'one replica is on each worker',
      Date.now(),
      (now) => allReady(now) && now[0]!.node !== now[1]!.node,
    );
    const { node, pod: stopped } = (await listReplicas())[0]!;
    let [stoppedAt, noticedAt, back] = [0, 0, 0];
    cleanUpAtEnd('docker', 'unpause', node);
    try {
      const impact = await measureImpact(testbed(), 'a worker stopped (docker pause)', async () => {
        stoppedAt = Date.now();
        await execa('docker', ['pause', node], { timeout: 30_000 });
        // The node controller waits 40 s for a node, 50 s since Kubernetes 1.32; then its pods are not ready, and the 30 s begin.
        await secondsUntil(
          'the loss is noticed',
          stoppedAt,
          (now) => now.some(({ pod, ready }) => pod === stopped && !ready),
          90,
        );
        noticedAt = Date.now();
        back = await secondsUntil(
          'the count is back elsewhere',
          stoppedAt,
          (now) => now.filter((replica) => replica.ready && replica.node !== node).length === 2,
          180,
        );
        return back;
      });
      console.log(
        `  noticed after ${((noticedAt - stoppedAt) / 1000).toFixed(1)} s, back ${(back - (noticedAt - stoppedAt) / 1000).toFixed(1)} s later`,
      );
      // The 30 s that are tolerated, a rescheduled pod's start, and a busy machine.
      expect(back - (noticedAt - stoppedAt) / 1000).toBeLessThanOrEqual(45);
      // New connections are led to the lost replica until its loss is noticed: half of them. After that only those are which
      // come from a port whose last connection hangs there still: connection tracking remembers it for two minutes.
      const failedLater = impact.fresh.failures.filter(({ sentAt }) => sentAt > noticedAt + 2000).length;
      const sentLater = impact.fresh.perSecond
        .slice(-Math.floor((Date.now() - noticedAt) / 1000))
        .reduce((sum, { sent }) => sum + sent, 0);
      console.log(`  after that ${failedLater} of ${sentLater} new connections failed`);
      expect(failedLater / sentLater).toBeLessThan(0.25);
      // All that time the other one serves.
      expectOtherReplicasServed(impact);
    } finally {
      await execa('docker', ['unpause', node], { timeout: 30_000 });
    }
    // Connection tracking led new connections to the lost pod until it was deleted: what waited there is reset as it ends.
    const returned = await measureImpact(
      testbed(),
      'that worker returns',
      async () => {
        const returnedAt = Date.now();
        let most = 0;
        await secondsUntil(
          'the pod that was lost is gone',
          returnedAt,
          (now) => {
            most = Math.max(most, now.length);
            return now.every(({ pod }) => pod !== stopped);
          },
          90,
        );
        const deadline = Date.now() + 90_000;
        while ((await listPodNames()).length !== 2 && Date.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, 500));
        expect(await listPodNames()).toHaveLength(2);
        expect(most).toBe(2);
        await kubectl('wait', `node/${node}`, '--for=condition=Ready', '--timeout=60s');
      },
      5,
    );
    expect(returned.keepAlive.failures).toEqual([]);
    expect(returned.lost).toEqual([]);
    expectOtherReplicasServed(returned);
    expect(allReady(await listReplicas())).toBe(true);
  },
);
