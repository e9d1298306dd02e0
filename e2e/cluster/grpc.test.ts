/** gRPC through the Services, from a pod of the cluster: who answers, and what an update costs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { grpcLoad, answeredBy, removeCaller, startCaller, type GrpcLoadOptions } from './grpc-caller.ts';
import { listPodNames } from './replicas.ts';
import { clusterTest, kubectl, name, skipReason, useTestbed } from './testbed.ts';

const testbed = useTestbed(async (opened) => {
  await startCaller((await opened.up()).image);
});
if (skipReason === undefined) afterAll(removeCaller);

const through = { address: `${name}.${name}:8001`, policy: 'pick_first' } as const;
const headless = { address: `dns:///${name}-headless.${name}:8001`, policy: 'round_robin' } as const;

/** Calls for a few seconds. @returns what each replica answered, the most first, and the answer */
async function shares(
  options: Omit<GrpcLoadOptions, 'rate'>,
): Promise<{ readonly counts: readonly number[]; readonly answer: string }> {
  const before = await answeredBy();
  const { sent, failures, answers } = await grpcLoad({ ...options, rate: 50 }, () => sleep(3000));
  expect([failures, answers.length]).toEqual([{}, 1]);
  const counts = [...(await answeredBy())].map(([pod, count]) => count - (before.get(pod) ?? 0));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sent);
  return { counts: counts.toSorted((a, b) => b - a), answer: answers[0]! };
}

clusterTest(
  'through the Service: the answer that HTTP gives, all by one replica, since a client keeps one connection',
  async () => {
    const {
      counts: [first, second],
      answer,
    } = await shares(through);
    expect(first).toBeGreaterThan(50);
    expect(second).toBe(0);

    const {
      outputs: [{ contents }],
    } = JSON.parse(answer) as { outputs: [{ contents: { int64_contents: string[] } }] };
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

clusterTest('through the headless Service with round_robin: both replicas answer, in turn', async () => {
  const {
    counts: [first, second],
  } = await shares(headless);
  // The first calls go to the one that is connected first.
  expect(second).toBeGreaterThan(first! / 2);
});

/** Replaces all replicas while they are called. No call may fail, and the new replicas answer. */
async function rollUnder(disruption: string, options: Omit<GrpcLoadOptions, 'rate'>): Promise<void> {
  const { sent, failures, answers, longestGapMs } = await grpcLoad({ ...options, rate: 50 }, async () => {
    await kubectl('rollout', 'restart', 'deployment', name);
    await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
    // Those on their way out serve for the drain delay, and longer where a connection is kept.
    for (const deadline = Date.now() + 90_000; (await listPodNames()).length > 2 && Date.now() < deadline;)
      await sleep(500);
    await sleep(3000);
  });
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  console.log(`${disruption}: sent ${sent}, failed ${failed}, longest gap ${(longestGapMs / 1000).toFixed(2)} s`);
  expect([failures, answers.length]).toEqual([{}, 1]);
  const answered = [...(await answeredBy())].map(([, count]) => count);
  expect(answered.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
  if (options === headless) expect(Math.min(...answered)).toBeGreaterThan(0);
}

clusterTest('a rolling update under gRPC through the Service: no call fails', async () => {
  await rollUnder('rolling update, gRPC through the Service', through);
});

clusterTest('the same through the headless Service, where pods outlast what DNS remembers of them', async () => {
  await testbed().edit(
    'infra/environments.ts',
    '...localProfile,',
    '...localProfile, drainDelaySeconds: 35, gracePeriodSeconds: 60,',
  );
  await testbed().up();
  await rollUnder('rolling update, gRPC through the headless Service', headless);
});

clusterTest('grpc: false closes the port, and up removes the headless Service', async () => {
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
