/**
 * A canary gets its share of the requests, is promoted and rolled back under load, and a bad one gets none. A shadow
 * gets copies, and changes no response.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoFailedRequests } from './disruption.ts';
import { listReplicas } from './replicas.ts';
import { until } from '../../service/fixtures/until.ts';
import { clusterTest, context, isOwn, kubectl, name, useTestbed } from './testbed.ts';

/** Small enough for ten pods on two cores. */
const service = `...localProfile, replicas: 9, startupSeconds: 120, progressDeadlineSeconds: 300,
  resources: { cpu: { request: '50m', limit: '1' }, memory: { request: '128Mi', limit: '512Mi' } },`;
const testbed = useTestbed(async (own) => {
  await own.edit('infra/environments.ts', '...localProfile,', service);
  await own.up();
});

const canaryName = `${name}-canary`;
const shadowName = `${name}-shadow`;
/** Another revision of the same image. */
const good = `rollout: { canary: { weight: 10, settings: { LOG_LEVEL: 'debug' } } },`;
/** The same image with other models. */
const otherModels = `settings: { MODELS_DIR: '/other' },
  volumes: { other: { configMap: 'other', mountPath: '/other/iris' } }`;
const bad = `rollout: { canary: { weight: 10, ${otherModels} } },`;

const setCanary = (canary: string, before = ''): Promise<void> =>
  testbed().edit('infra/environments.ts', `${service}${before}`, `${service}${canary}`);
const canaryExists = async (): Promise<boolean> =>
  (await kubectl('get', 'deployment', canaryName, '--ignore-not-found', '--output', 'name')) !== '';

clusterTest('a canary with other predictions is reported, and gets no request', async () => {
  const { folder } = testbed().project;
  const model = join(folder, 'models/iris');
  const other = await mkdtemp(join(tmpdir(), 'rhizome-other-'));
  // Confuses two of the three classes. Without examples, it has nothing to contradict it when it starts.
  const { examples: _, ...json } = JSON.parse(await readFile(join(model, 'model.json'), 'utf8')) as {
    examples: unknown;
    classes: unknown;
  };
  await writeFile(
    join(other, 'model.json'),
    JSON.stringify({ ...json, classes: ['setosa', 'virginica', 'versicolor'] }),
  );
  await kubectl(
    ...['create', 'configmap', 'other', `--from-file=${join(model, 'model.onnx')}`],
    `--from-file=${join(other, 'model.json')}`,
  );
  await rm(other, { recursive: true });
  await setCanary(bad);
  await expectNoFailedRequests(testbed(), 'canary with other predictions', async () => {
    const { exitCode, stderr } = await testbed().tryUp();
    const message = stderr.slice(stderr.lastIndexOf('✗'));
    console.log(message);
    expect(message).toContain('The canary predicts 2 of 3 example rows differently from the service');
    expect(message).toContain('versicolor → virginica');
    expect(exitCode).toBe(1);
  });
  // It runs, and no Service of the stable pods leads to it.
  const [canary] = (await listReplicas()).filter(({ pod }) => pod.startsWith(canaryName));
  expect(canary?.ready).toBe(true);
  expect(await requestsServed(canary!.pod)).toBe(3);
  await setCanary(good, bad);
});

clusterTest('a canary of 10 % gets 10 % of new connections', async () => {
  await expectNoFailedRequests(testbed(), 'canary', async () => {
    await testbed().up();
  });
  const pods = (await listReplicas()).map(({ pod }) => pod);
  const served = async () => Promise.all(pods.map(async (pod) => ({ pod, requests: await requestsServed(pod) })));
  const before = await served();
  // Five standard deviations are 3 %.
  const sent = 2500;
  await connect(`${await testbed().url()}/predictions`, sent);
  const after = await served();
  const counts = after.map(({ pod, requests }, index) => ({ pod, requests: requests - before[index]!.requests }));
  expect(counts.reduce((sum, { requests }) => sum + requests, 0)).toBe(sent);
  const share = (100 * counts.find(({ pod }) => pod.startsWith(canaryName))!.requests) / sent;
  console.log(`canary of 10 %: ${share.toFixed(1)} % of ${sent} new connections`);
  expect(share).toBeGreaterThan(7);
  expect(share).toBeLessThan(13);
  const { stdout } = await testbed().project.rhizome('status', '--on', target());
  expect(stdout).toContain('canary: 1 of 1 replicas ready, 10 % of the requests');
});

clusterTest('rollback removes the canary: no request fails', async () => {
  const before = (await listReplicas()).map(({ pod }) => pod).filter((pod) => !pod.startsWith(canaryName));
  await expectNoFailedRequests(testbed(), 'rollback of a canary', async () => {
    const { exitCode, stdout } = await testbed().project.rhizome('rollback', '--on', target());
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('The canary is gone.')]);
  });
  expect(await canaryExists()).toBe(false);
  expect((await listReplicas()).map(({ pod }) => pod).toSorted()).toEqual(before.toSorted());
});

clusterTest('promote gives all pods what the canary has: no request fails', async () => {
  await testbed().up();
  expect(await canaryExists()).toBe(true);
  await expectNoFailedRequests(testbed(), 'promotion of a canary', async () => {
    const { exitCode, stderr } = await testbed().project.rhizome('promote', '--on', target());
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('Delete the canary')]);
  });
  expect(await canaryExists()).toBe(false);
  const template = 'jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}';
  const settings = await kubectl('get', 'deployment', name, '--output', template);
  expect(await kubectl('get', 'configmap', settings, '--output', 'jsonpath={.data.LOG_LEVEL}')).toBe('debug');
});

clusterTest('a shadow with other predictions is counted by each pod: no request fails or gets its answer', async () => {
  const fewer = service.replace('replicas: 9', 'replicas: 2');
  const shadow = `rollout: { shadow: { sample: 0.5, ${otherModels} } },`;
  await testbed().edit('infra/environments.ts', `${service}${good}`, `${fewer}${shadow}`);
  await expectNoFailedRequests(testbed(), 'shadow with other predictions', async () => {
    await testbed().up();
    const pods = (await listReplicas()).map(({ pod }) => pod).filter((pod) => !pod.startsWith(shadowName));
    expect(pods).toHaveLength(2);
    let copies: readonly Readonly<Record<string, number>>[] = [];
    // Copies fail until the shadow is ready.
    await until(
      async () => {
        copies = await Promise.all(pods.map(copiesCompared));
        return copies.every(({ different = 0 }) => different > 0);
      },
      'each pod has compared responses with those of the shadow',
      60,
    );
    console.log(`copies of two pods: ${copies.map((results) => JSON.stringify(results)).join(', ')}`);
    // The probabilities of two classes are exchanged in every response.
    for (const results of copies) expect(results).not.toHaveProperty('same');
  });
});

/** Returns the value of `--on` for this cluster. */
const target = (): string => (isOwn ? 'kind' : `context=${context}`);

const metricsOf = (pod: string): Promise<string> =>
  kubectl('get', '--raw', `/api/v1/namespaces/${name}/pods/${pod}:8000/proxy/metrics`);

/** Returns how many copies a pod has sent to the shadow, by result. */
async function copiesCompared(pod: string): Promise<Readonly<Record<string, number>>> {
  const text = await metricsOf(pod);
  const lines = text.matchAll(/^rhizome_shadow_requests_total\{[^}]*result="(\w+)"[^}]*\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, result = '', count]) => [result, Number(count)]));
}

/** Returns how many predictions a pod has served. */
async function requestsServed(pod: string): Promise<number> {
  const text = await metricsOf(pod);
  return [...text.matchAll(/^rhizome_requests_total\{[^}]*predictions[^}]*\} (\d+)$/gm)]
    .map(([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

/** Sends requests one after the other on eight lanes, each request on a connection of its own. */
async function connect(url: string, count: number): Promise<void> {
  const body = testbed().requests[0]!.body;
  let left = count;
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      request(url, { method: 'POST', agent: false, headers, timeout: 20_000 }, (response) => {
        response.resume().on('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`status ${response.statusCode}`));
        });
      })
        .on('error', reject)
        .end(body);
    });
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await send();
    }),
  );
}
