/** gRPC through the Services, from a pod in the cluster: which replicas respond, and the impact of an update. */
import { setTimeout as sleep } from 'node:timers/promises';
import { grpcLoad, removeCaller, startCaller, successfulCallsByPod, type GrpcLoadOptions } from './grpc-caller.ts';
import { listPodNames } from './replicas.ts';
import { clusterTest, kubectl, name, skipReason, useTestbed } from './testbed.ts';

const testbed = useTestbed(async (opened) => {
  await startCaller((await opened.up()).image);
});
if (skipReason === undefined) afterAll(removeCaller);

const service = { address: `${name}.${name}:8001`, policy: 'pick_first' } as const;
const headlessService = { address: `dns:///${name}-headless.${name}:8001`, policy: 'round_robin' } as const;

/**
 * Makes calls for three seconds, all of which must succeed with the same response.
 * @returns the number of calls that each replica handled, in descending order, and the response
 */
async function countCallsByReplica(
  options: Omit<GrpcLoadOptions, 'rate'>,
): Promise<{ readonly counts: readonly number[]; readonly response: string }> {
  const before = await successfulCallsByPod();
  const { sent, failures, responses } = await grpcLoad({ ...options, rate: 50 }, () => sleep(3000));
  expect([failures, responses.length]).toEqual([{}, 1]);
  const counts = [...(await successfulCallsByPod())].map(([pod, count]) => count - (before.get(pod) ?? 0));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sent);
  return { counts: counts.toSorted((a, b) => b - a), response: responses[0]! };
}

clusterTest(
  'through the Service, one replica handles all calls, since a client keeps one connection, and responds as over HTTP',
  async () => {
    const {
      counts: [first, second],
      response,
    } = await countCallsByReplica(service);
    expect(first).toBeGreaterThan(50);
    expect(second).toBe(0);

    const {
      outputs: [{ contents }],
    } = JSON.parse(response) as { outputs: [{ contents: { int64_contents: string[] } }] };
    const input = { name: 'X', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] };
    const http = await fetch(`${await testbed().url()}/v2/models/iris/infer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ inputs: [input], outputs: [{ name: 'output_label' }] }),
    });
    const {
      outputs: [{ data }],
    } = (await http.json()) as { outputs: [{ data: number[] }] };
    expect(contents.int64_contents.map(Number)).toEqual(data);
  },
);

clusterTest('through the headless Service with round_robin, both replicas handle calls in turn', async () => {
  const {
    counts: [first, second],
  } = await countCallsByReplica(headlessService);
  // The shares are not equal, because the replica that is connected first gets the first calls.
  expect(second).toBeGreaterThan(first! / 2);
});

/** Replaces all replicas under load. Expects that no call fails and that the new replicas handle calls. */
async function expectNoFailedCallsDuringRollout(
  disruption: string,
  options: Omit<GrpcLoadOptions, 'rate'>,
): Promise<void> {
  const { sent, failures, responses, longestGapMs } = await grpcLoad({ ...options, rate: 50 }, async () => {
    await kubectl('rollout', 'restart', 'deployment', name);
    await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
    // Terminating replicas keep serving for the drain delay, and longer if a client keeps its connection.
    for (const deadline = Date.now() + 90_000; (await listPodNames()).length > 2 && Date.now() < deadline;)
      await sleep(500);
    await sleep(3000);
  });
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  console.log(`${disruption}: sent ${sent}, failed ${failed}, longest gap ${(longestGapMs / 1000).toFixed(2)} s`);
  expect([failures, responses.length]).toEqual([{}, 1]);
  const counts = [...(await successfulCallsByPod())].map(([, count]) => count);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  if (options === headlessService) expect(Math.min(...counts)).toBeGreaterThan(0);
}

clusterTest('rolling update, gRPC through the Service: no call fails', async () => {
  await expectNoFailedCallsDuringRollout('rolling update, gRPC through the Service', service);
});

clusterTest(
  'rolling update, gRPC through the headless Service: no call fails if pods outlive their DNS records',
  async () => {
    await testbed().edit(
      'infra/environments.ts',
      '...localProfile,',
      '...localProfile, drainDelaySeconds: 35, gracePeriodSeconds: 60,',
    );
    await testbed().up();
    await expectNoFailedCallsDuringRollout('rolling update, gRPC through the headless Service', headlessService);
  },
);

clusterTest('grpc: false closes the port, and up deletes the headless Service', async () => {
  const services = async (): Promise<string> =>
    kubectl('get', 'services', '--output', 'jsonpath={range .items[*]}{.metadata.name}:{.spec.ports[*].name} {end}');
  expect(await services()).toBe(`${name}:http grpc ${name}-headless:grpc `);
  await testbed().edit('infra/environments.ts', '...localProfile,', '...localProfile, grpc: false,');
  const { log } = await testbed().up();
  expect(log).toContain(`deleted service "${name}-headless"`);
  expect(await services()).toBe(`${name}:http `);
  await testbed().edit('infra/environments.ts', 'grpc: false, ', '');
  await testbed().up();
  expect(await services()).toBe(`${name}:http grpc ${name}-headless:grpc `);
});
