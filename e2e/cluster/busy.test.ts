/**
 * Replicas that are busy are not dead: with the probes of the manifests, none restarts or leaves the Service while it
 * has more to do than it can, and what it cannot do is refused.
 */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadRequest } from '../../cli/load/attempt.ts';
import { underLoad, type LoadOptions } from '../../cli/load/load.ts';
import { byKind, type LoadReport } from '../../cli/load/report.ts';
import { addRow } from '../impact-table.ts';
import { batchOf } from './batch.ts';
import { listPodNames, restartCounts } from './replicas.ts';
import { clusterTest, kubectl, name, useTestbed } from './testbed.ts';
import { watchObjects } from './watch.ts';

const root = join(import.meta.dirname, '../..');
/** How long the replicas are kept busy, in milliseconds: much longer than the probes need to fail three times. */
const milliseconds = 60_000;
const profile = '...localProfile,';
const halfCpu = `${profile} resources: { cpu: { request: '250m', limit: '500m' } },`;

const testbed = useTestbed(async (opened) => {
  await opened.edit('infra/environments.ts', profile, halfCpu);
  await opened.up();
});

/**
 * Watches the endpoints of the Service until the signal aborts.
 * @returns every change after which fewer than two were ready. What had not been ready before is not counted.
 */
async function watchEndpoints(signal: AbortSignal): Promise<readonly string[]> {
  // Replicas that are terminating may be in a slice of their own.
  const readyIn = new Map<string, number>();
  const incomplete: string[] = [];
  let complete = false;
  const objects = ['endpointslices', '--selector', `kubernetes.io/service-name=${name}`];
  const columns = "{.metadata.name} {.endpoints[*]['targetRef.name','conditions.ready']}";
  for await (const line of watchObjects(objects, columns, signal)) {
    readyIn.set(line.split(' ', 1).join(), line.match(/ true/g)?.length ?? 0);
    const ready = [...readyIn.values()].reduce((sum, count) => sum + count, 0);
    if (ready >= 2) complete = true;
    else if (complete) incomplete.push(line);
  }
  expect(complete).toBe(true);
  return incomplete;
}

/**
 * Sends loads for a minute, and expects that each request succeeds or is refused, and that the replicas stay.
 * @returns a report for each load
 */
async function keepBusy(loads: Readonly<Record<string, Omit<LoadOptions, 'timeout'>>>): Promise<readonly LoadReport[]> {
  const before = await restartCounts();
  const ended = new AbortController();
  const endpoints = watchEndpoints(ended.signal);
  const reports = await underLoad(
    // The service's own timeout, of 15 s, comes first.
    Object.values(loads).map((load) => ({ ...load, timeout: 30_000 })),
    () => sleep(milliseconds),
    { before: 0, after: 0 },
  ).finally(() => {
    ended.abort();
  });
  for (const [index, load] of Object.keys(loads).entries()) {
    const { sent, failures, p50, p99, longestGapMs } = reports[index]!;
    const refused = failures.filter((failure) => failure.refused).length;
    addRow({
      disruption: `${load}, ${refused} refused`,
      sent,
      failed: failures.length - refused,
      failedTwice: 0,
      longestGapMs,
    });
    console.log(`  p50 ${p50} ms, p99 ${p99} ms${failures.length === 0 ? '' : `, ${byKind(failures)}`}`);
  }
  expect({
    failures: reports.map(({ failures }) => byKind(failures.filter(({ refused }) => !refused))),
    restarts: await restartCounts(),
    incompleteEndpoints: await endpoints,
  }).toEqual({ failures: reports.map(() => ''), restarts: before, incompleteEndpoints: [] });
  return reports;
}

clusterTest('30 requests a second of 5000 rows at a CPU limit of 500m: no replica restarts or leaves', async () => {
  const batch = batchOf(testbed().requests, 5000);
  const [report] = await keepBusy({
    '5000 rows, 30 requests a second': {
      url: `${await testbed().url()}/predictions`,
      requests: [batch],
      rate: 30,
      connections: 'both',
    },
  });
  expect(report!.failures.length).toBeLessThan(report!.sent);
});

clusterTest('more requests than a model of 0.5 s per row can serve: no replica restarts or leaves', async () => {
  const { project } = testbed();
  await testbed().edit('infra/environments.ts', halfCpu, `${profile} settings: { DEFAULT_MODEL: 'iris' },`);
  const folder = join(project.folder, 'models/busy');
  await mkdir(folder);
  await copyFile(join(root, 'onnx/fixtures/slow/busy.onnx'), join(folder, 'model.onnx'));
  const earlier = await listPodNames();
  await testbed().up();
  // Until the nodes know that they are terminating, the earlier replicas get requests, and do not have the model.
  await kubectl('wait', '--for=delete', '--timeout=90s', ...earlier);

  const url = await testbed().url();
  const slow: LoadRequest = {
    body: '{"X_0":0.1,"X_1":0.2,"X_2":0.3,"X_3":0.4}',
    isCorrect: (prediction) => Number.isFinite((prediction as { prediction: number }).prediction),
  };
  const [busy, iris] = await keepBusy({
    'busy model, 6 requests a second': {
      url: `${url}/models/busy/predictions`,
      requests: [slow],
      rate: 6,
      connections: 'both',
    },
    'iris in the same replicas': {
      url: `${url}/models/iris/predictions`,
      requests: testbed().requests,
      rate: 20,
      connections: 'both',
    },
  });
  expect(busy!.failures.length).toBeGreaterThan(0);
  expect(busy!.failures.length).toBeLessThan(busy!.sent);
  // Only requests for the busy model are refused.
  expect(iris!.failures).toEqual([]);
});
