/** Evictions, drained nodes and lost nodes under load. */
import { execa, execaSync } from 'execa';
import { expectOtherReplicasServed, expectNoFailedRequests, measureImpact } from './disruption.ts';
import { listPodNames, listReplicas, runOnNode, secondsUntil, type Replica } from './replicas.ts';
import {
  clusterTest,
  context,
  kindNodes,
  kubectl,
  name,
  noContainerNodes,
  skipReason,
  testIfSupported,
  useTestbed,
} from './testbed.ts';
import { variables } from '../suite.ts';
import { cleanUpAtEnd } from '../cleanup.ts';
import { until } from '../../service/fixtures/until.ts';

const testbed = useTestbed();

/** Returns why a node cannot be drained, or undefined if it can: its pods need another node to move to. */
function tooFewNodes(): string | undefined {
  // The suite's own cluster may not exist yet, but it will have two workers.
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
  return free < 2 ? `pods can be scheduled on only ${free} nodes of ${context}` : undefined;
}

const allReady = (now: readonly Replica[]): boolean => now.length === 2 && now.every(({ ready }) => ready);

clusterTest('evicting a replica by the Eviction API: no request fails', async () => {
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
        'another pod has replaced the evicted one and is ready',
        began,
        (now) => allReady(now) && now.every(({ pod }) => pod !== victim!.pod),
      );
    },
    12,
  );
});

testIfSupported(tooFewNodes(), 'draining a worker: no request fails', async () => {
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
        'all replicas are ready on other nodes',
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
  'a worker stops: the other replicas serve, lost ones are replaced 30 s after the loss is noticed, ' +
    'and there are no surplus pods when the worker returns',
  async () => {
    // Spread the replicas over both workers again: after the drain, all are on one.
    await kubectl('rollout', 'restart', 'deployment', name);
    await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
    await secondsUntil(
      'one replica is on each worker',
      Date.now(),
      (now) => allReady(now) && now[0]!.node !== now[1]!.node,
    );
    const { node, pod: stopped } = (await listReplicas())[0]!;
    const address = await kubectl('get', 'pod', stopped, '--output', 'jsonpath={.status.podIP}');
    let [stoppedAt, noticedAt, recovered] = [0, 0, 0];
    cleanUpAtEnd('docker', 'unpause', node);
    try {
      const impact = await measureImpact(testbed(), 'a worker stopped (docker pause)', async () => {
        stoppedAt = Date.now();
        await execa('docker', ['pause', node], { timeout: 30_000 });
        // The node controller waits 40 s for a node to respond (50 s since Kubernetes 1.32). Then it marks the node's
        // pods as not ready, and the 30 s begin.
        await secondsUntil(
          "the stopped worker's pod is not ready",
          stoppedAt,
          (now) => now.some(({ pod, ready }) => pod === stopped && !ready),
          90,
        );
        noticedAt = Date.now();
        recovered = await secondsUntil(
          'two replicas are ready on other nodes',
          stoppedAt,
          (now) => now.filter((replica) => replica.ready && replica.node !== node).length === 2,
          180,
        );
        return recovered;
      });
      console.log(
        `  noticed after ${((noticedAt - stoppedAt) / 1000).toFixed(1)} s, ` +
          `recovered ${(recovered - (noticedAt - stoppedAt) / 1000).toFixed(1)} s later`,
      );
      // 30 s of toleration, plus the start of a rescheduled pod, plus some time for a busy machine.
      expect(recovered - (noticedAt - stoppedAt) / 1000).toBeLessThanOrEqual(45);
      // Until the loss is noticed, half of the new connections are routed to the lost replica. After that, only those
      // are whose source port was last used by a connection to it: connection tracking remembers it for two minutes.
      const failedLater = impact.newConnections.failures.filter(({ sentAt }) => sentAt > noticedAt + 2000).length;
      const sentLater = impact.newConnections.perSecond
        .slice(-Math.floor((Date.now() - noticedAt) / 1000))
        .reduce((sum, { sent }) => sum + sent, 0);
      console.log(`  after that, ${failedLater} of ${sentLater} new connections failed`);
      expect(failedLater / sentLater).toBeLessThan(0.25);
      expectOtherReplicasServed(impact);
    } finally {
      await execa('docker', ['unpause', node], { timeout: 30_000 });
    }
    // Connection tracking routed some new connections to the lost pod. They hang until it terminates, then are reset.
    const returned = await measureImpact(
      testbed(),
      'the stopped worker returns',
      async () => {
        const returnedAt = Date.now();
        let highestCount = 0;
        await secondsUntil(
          'the lost pod is gone',
          returnedAt,
          (now) => {
            highestCount = Math.max(highestCount, now.length);
            return now.every(({ pod }) => pod !== stopped);
          },
          90,
        );
        const deadline = Date.now() + 90_000;
        while ((await listPodNames()).length !== 2 && Date.now() < deadline)
          await new Promise((resolve) => setTimeout(resolve, 500));
        expect(await listPodNames()).toHaveLength(2);
        expect(highestCount).toBe(2);
        await kubectl('wait', `node/${node}`, '--for=condition=Ready', '--timeout=60s');
      },
      5,
    );
    expect(returned.keptConnections.failures).toEqual([]);
    expect(returned.lost).toEqual([]);
    expectOtherReplicasServed(returned);
    expect(allReady(await listReplicas())).toBe(true);
    await forgetConnectionsTo(address);
  },
);

/**
 * Deletes what the nodes' connection tracking remembers of a pod that is gone. For two minutes after the loss it would
 * route some new connections there, also those of the next test file.
 */
async function forgetConnectionsTo(address: string): Promise<void> {
  const connections = `--proto tcp --reply-src ${address}`;
  const nodes = await kindNodes();
  await until(async () => {
    // An attempt to connect that one node has forgotten may come again from another that still routes it there. To
    // delete nothing is an error, and so is a connection that ends meanwhile.
    for (const node of nodes) await runOnNode(node, `conntrack --delete ${connections} || true`);
    const left = await Promise.all(nodes.map((node) => runOnNode(node, `conntrack --dump ${connections}`)));
    return left.every((lines) => lines === '');
  }, `no node remembers connections to ${address}`);
}
