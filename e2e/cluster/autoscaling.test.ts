/**
 * The HorizontalPodAutoscaler of the construct Autoscaling, with the metrics of metrics-server: it takes over a fixed
 * number of replicas, adds pods under load and removes them afterwards, and no request fails.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { startLoad } from '../../cli/load/load.ts';
import { testUnless } from '../needs.ts';
import { batchOf } from './batch.ts';
import { expectNoFailedRequests } from './disruption.ts';
import { noMetrics, noMetricsServer, provideMetrics, removeMetrics } from './metrics-server.ts';
import { until } from '../../service/fixtures/until.ts';
import { listPodNames, secondsUntil, type Replica } from './replicas.ts';
import { context, kubectl, name, skipReason, testIfSupported, useTestbed } from './testbed.ts';

const profile = '...localProfile,';
const fixed = 3;
/** Seconds for which the load continues. It is the grace period, after which no removed pod is left. */
const after = 12;
/**
 * The watching requests per second over kept connections, and over new ones. Few: they continue while pods should go,
 * and on a slow machine 50 of each use as much of the processor as the load that adds pods.
 */
const rate = 10;

const unable = noMetrics ?? noMetricsServer;
const testbed = useTestbed(async (opened) => {
  if (unable !== undefined) return;
  const resources = `resources: { cpu: { request: '80m', limit: '1' } }`;
  await opened.edit('infra/environments.ts', profile, `${profile} replicas: ${fixed}, ${resources},`);
  await opened.up();
  await provideMetrics();
});
if (skipReason === undefined && unable === undefined) {
  afterAll(async () => {
    // The number of replicas is that of the next file.
    await kubectl('delete', 'hpa', name, '--ignore-not-found');
    await removeMetrics();
  });
}
const autoscalingTest = (title: string, run: () => Promise<void>): void => {
  if (skipReason === undefined && noMetricsServer !== undefined) testUnless(noMetricsServer, title, run);
  else testIfSupported(noMetrics, title, run);
};

/** Resolves once the autoscaler reads the metrics of the pods. */
const waitUntilActive = (): Promise<string> =>
  kubectl('wait', '--for=condition=ScalingActive', `hpa/${name}`, '--timeout=110s');

/**
 * Watches the number of replicas that the Deployment should have until the signal aborts.
 * @returns every number that it had
 */
async function watchReplicas(signal: AbortSignal): Promise<readonly number[]> {
  const args = ['--context', context, '--namespace', name, 'get', 'deployment', name, '--watch'];
  const numbers: number[] = [];
  // The API server ends a watch now and then. A new one begins with the current number.
  while (!signal.aborted) {
    const output = ['--output', String.raw`jsonpath={.spec.replicas}{"\n"}`];
    for await (const line of execa('kubectl', [...args, ...output], { cancelSignal: signal, reject: false }))
      numbers.push(Number(line));
    await sleep(200);
  }
  return numbers;
}

autoscalingTest('an autoscaler takes over from fixed replicas: none of them stops, and no request fails', async () => {
  // Pods of the file before this one may still be stopping.
  await until(async () => (await listPodNames()).length === fixed, 'only the pods of this file are left', 60);
  const before = await listPodNames();
  await testbed().edit('infra/main.ts', `import { App } from 'cdk8s';`, addedImport);
  await testbed().edit('infra/main.ts', 'synthesize(app, environments);', addedAutoscaler);
  const ended = new AbortController();
  const numbers = watchReplicas(ended.signal);
  await expectNoFailedRequests(testbed(), 'fixed replicas → autoscaler', async () => {
    await testbed().up();
    await waitUntilActive();
  }).finally(() => {
    ended.abort();
  });
  expect(new Set(await numbers)).toEqual(new Set([fixed]));
  expect(await listPodNames()).toEqual(before);
});

const addedImport = `import { App } from 'cdk8s';
import { Autoscaling } from './autoscaling/autoscaling.ts';`;
const addedAutoscaler = `synthesize(app, environments, ({ service }) => {
  const scaleDown = { pods: 5, periodSeconds: 15, stabilizationSeconds: 15 };
  new Autoscaling(service, 'autoscaling', { service, maxReplicas: 5, scaleDown });
});`;

autoscalingTest('load adds pods, and its end removes them: no request fails', async () => {
  const rows = 5000;
  const batch = batchOf(testbed().requests, rows);
  const ready = (now: readonly Replica[]): number => now.filter((replica) => replica.ready).length;
  await expectNoFailedRequests(
    testbed(),
    'autoscaler 3 → 4 or 5 → 3',
    async () => {
      const url = `${await testbed().url()}/predictions`;
      const load = startLoad({ url, requests: [batch], rate: 25, connections: 'both', timeout: 30_000 });
      const added = await secondsUntil('there are more replicas', Date.now(), (now) => ready(now) > fixed, 150).finally(
        async () => {
          await load.stop();
          console.log(await kubectl('get', 'hpa', name));
        },
      );
      const { sent, failures } = await load.stop();
      expect(failures).toEqual([]);
      const removed = await secondsUntil('they are gone', Date.now(), (now) => now.length === fixed, 200);
      console.log(
        `${sent} requests of ${rows} rows: pods after ${added.toFixed(0)} s, gone ${removed.toFixed(0)} s later`,
      );
    },
    after,
    rate,
  );
});
