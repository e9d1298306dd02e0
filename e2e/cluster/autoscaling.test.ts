/**
 * The HorizontalPodAutoscaler of the construct Autoscaling, with the metrics of metrics-server: it takes over a fixed
 * number of replicas, adds a pod under load and removes it afterwards, and no request fails.
 */
import type { LoadRequest } from '../../cli/load/attempt.ts';
import { startLoad, type Load } from '../../cli/load/load.ts';
import { formatReport, type LoadReport } from '../../cli/load/report.ts';
import { testUnless } from '../needs.ts';
import { batchOf } from './batch.ts';
import { expectNoFailedRequests } from './disruption.ts';
import { noMetrics, noMetricsServer, provideMetrics, removeMetrics } from './metrics-server.ts';
import { until } from '../../service/fixtures/until.ts';
import { listPodNames, secondsUntil, type Replica } from './replicas.ts';
import { kubectl, name, skipReason, testIfSupported, useTestbed } from './testbed.ts';
import { watchObjects } from './watch.ts';

const profile = '...localProfile,';
const fixed = 3;
/** Seconds for which the load continues. It is the grace period, after which no removed pod is left. */
const after = 12;
/**
 * The watching requests per second over kept connections, and over new ones. Few: they continue while a pod should go,
 * and on a slow machine 50 of each use as much of the processor as the load that adds a pod.
 */
const rate = 10;
/** The rows of each request of the load that adds a pod. */
const rows = 5000;
/** How many of these loads run at once, at most. */
const maxLoads = 4;
/** Seconds after which the autoscaler has noticed a load: it and metrics-server each look every 15 seconds. */
const noticed = 40;

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

/** @returns every number of replicas that the Deployment should have had until the signal aborts */
async function watchReplicas(signal: AbortSignal): Promise<ReadonlySet<number>> {
  const numbers = new Set<number>();
  for await (const line of watchObjects(['deployment', name], '{.spec.replicas}', signal)) numbers.add(Number(line));
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
  expect(await numbers).toEqual(new Set([fixed]));
  expect(await listPodNames()).toEqual(before);
});

const addedImport = `import { App } from 'cdk8s';
import { Autoscaling } from './autoscaling/autoscaling.ts';`;
const addedAutoscaler = `synthesize(app, environments, ({ service }) => {
  const scaleDown = { pods: 5, periodSeconds: 15, stabilizationSeconds: 15 };
  new Autoscaling(service, 'autoscaling', { service, maxReplicas: 4, scaleDown });
});`;

const ready = (now: readonly Replica[]): number => now.filter((replica) => replica.ready).length;

/**
 * Sends requests of many rows until there are more replicas, and more of them while the autoscaler adds none: how much
 * of the processor a request takes depends on the machine. Expects that none fails.
 * @returns the seconds until then
 */
async function loadUntilReplicasAreAdded(batch: LoadRequest): Promise<number> {
  const options = { url: `${await testbed().url()}/predictions`, requests: [batch], timeout: 30_000 };
  const startedAt = Date.now();
  const loads: Load[] = [];
  const condition = (now: readonly Replica[]): boolean => {
    if (loads.length < maxLoads && Date.now() - startedAt >= loads.length * noticed * 1000)
      loads.push(startLoad({ ...options, rate: 20, connections: 'both' }));
    return ready(now) > fixed;
  };
  const stop = (): Promise<readonly LoadReport[]> => Promise.all(loads.map((load) => load.stop()));
  const seconds = await secondsUntil('there are more replicas', startedAt, condition, maxLoads * noticed + 30).finally(
    async () => {
      for (const report of await stop()) console.log(`  ${rows} rows: ${formatReport(report)}`);
      console.log(await kubectl('get', 'hpa', name));
    },
  );
  expect((await stop()).flatMap(({ failures }) => failures)).toEqual([]);
  return seconds;
}

autoscalingTest('load adds a pod, and its end removes it: no request fails', async () => {
  const batch = batchOf(testbed().requests, rows);
  await expectNoFailedRequests(
    testbed(),
    'autoscaler 3 → 4 → 3',
    async () => {
      const added = await loadUntilReplicasAreAdded(batch);
      const removed = await secondsUntil('it is gone', Date.now(), (now) => now.length === fixed, 200);
      console.log(`  a pod was added after ${added.toFixed(0)} s, and gone ${removed.toFixed(0)} s later`);
    },
    after,
    rate,
  );
});
