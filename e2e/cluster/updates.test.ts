/** Updates under load: no request fails, and a version that does not work never receives any. */
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectNoFailedRequests } from './disruption.ts';
import { listReplicas, secondsUntil } from './replicas.ts';
import { clusterTest, kubectl, name, useTestbed, type Up } from './testbed.ts';

const testbed = useTestbed();
/** Seconds for which the load continues. It is the grace period, after which no pod of the previous version is left. */
const after = 12;

clusterTest('rolling update to a new image: no request fails', async () => {
  const before = await listReplicas();
  await appendFile(join(testbed().project.folder, 'service/main.ts'), '\n// changed\n');
  let image = '';
  await expectNoFailedRequests(
    testbed(),
    'rolling update, new image',
    async () => {
      ({ image } = await testbed().up());
    },
    after,
  );
  const now = await listReplicas();
  expect(image).not.toBe(before[0]!.image);
  expect(now.map((replica) => replica.image)).toEqual([image, image]);
  expect(now.filter(({ pod }) => before.some((old) => old.pod === pod))).toEqual([]);
});

clusterTest('rolling update to a new model: no request fails, and the new version serves', async () => {
  await testbed().edit('models/iris/model.json', '"version": "1"', '"version": "2"');
  let up: Up | undefined;
  await expectNoFailedRequests(
    testbed(),
    'rolling update, new model',
    async () => {
      up = await testbed().up();
    },
    after,
  );
  expect(up?.answer.model.version).toBe('2');
  // Only the layer with the models is new.
  expect(up?.log).toMatch(/The nodes already have \d{3} MB of the image\./);
});

clusterTest('changing a setting creates a new ConfigMap and replaces the pods: no request fails', async () => {
  const settings = async (): Promise<string> =>
    kubectl(
      'get',
      'deployment',
      name,
      '--output',
      'jsonpath={.spec.template.spec.containers[0].envFrom[0].configMapRef.name}',
    );
  const [before, pods] = [await settings(), await listReplicas()];
  await testbed().edit(
    'infra/environments.ts',
    '...localProfile,',
    `...localProfile, settings: { STRICT_RANGES: 'true' },`,
  );
  await expectNoFailedRequests(
    testbed(),
    'ConfigMap change',
    async () => {
      await testbed().up();
    },
    after,
  );
  expect(await settings()).not.toBe(before);
  expect((await listReplicas()).filter(({ pod }) => pods.some((old) => old.pod === pod))).toEqual([]);
});

clusterTest('scale 2 -> 6 -> 1: no request fails', async () => {
  const scale = async (count: number): Promise<void> => {
    const began = Date.now();
    await kubectl('scale', 'deployment', name, `--replicas=${count}`);
    await secondsUntil(
      `${count} replicas are ready`,
      began,
      (now) => now.length === count && now.every(({ ready }) => ready),
      120,
    );
  };
  await expectNoFailedRequests(
    testbed(),
    'scale 2 → 6 → 1',
    async () => {
      await scale(6);
      await scale(1);
    },
    after,
  );
  await testbed().up();
  expect(await listReplicas()).toHaveLength(2);
});

/**
 * Runs `up` under load, and expects that it fails and that the replicas of the previous version keep serving.
 * @returns the message about the failure
 */
async function expectUpFails(disruption: string, ...args: readonly string[]): Promise<string> {
  const before = await listReplicas();
  let message = '';
  await expectNoFailedRequests(testbed(), disruption, async () => {
    const began = Date.now();
    const { exitCode, stderr } = await testbed().tryUp(...args);
    message = stderr.slice(stderr.lastIndexOf('✗'));
    console.log(`${disruption}: reported after ${Math.round((Date.now() - began) / 1000)} s\n${message}`);
    expect(exitCode).toBe(1);
  });
  expect(message).toContain('The rollout failed: ');
  expect(message).toContain(' 2 replicas of the previous version still serve.');
  expect(message).toContain(`rollout undo deployment/${name}`);
  // No stack trace of the command line. The quoted log of the service may contain one of the service.
  expect(message).not.toContain('/cli/');
  const now = await listReplicas();
  expect(
    now
      .filter(({ ready }) => ready)
      .map(({ pod }) => pod)
      .toSorted(),
  ).toEqual(before.map(({ pod }) => pod).toSorted());
  return message;
}

clusterTest('an image that does not exist: the old ReplicaSet keeps serving, and up reports the cause', async () => {
  const message = await expectUpFails('wrong image in an update', '--image', `${name}:nowhere`);
  expect(message).toMatch(/is in (ImagePullBackOff|ErrImagePull|ErrImageNeverPull)/);
  expect(message).toContain(`${name}:nowhere`);
  await testbed().up();
});

clusterTest('a service that exits at once: the old ReplicaSet keeps serving, and up reports the cause', async () => {
  const main = join(testbed().project.folder, 'service/main.ts');
  const good = await readFile(main, 'utf8');
  await writeFile(main, `throw new Error('broken on purpose');\n`);
  const message = await expectUpFails('broken image in an update').finally(() => writeFile(main, good));
  expect(message).toContain('is in CrashLoopBackOff');
  expect(message).toContain('broken on purpose');
  await testbed().up();
});

clusterTest('a corrupt model: the old ReplicaSet keeps serving, and up reports the cause', async () => {
  const model = join(testbed().project.folder, 'models/iris/model.onnx');
  const good = await readFile(model);
  await truncate(model, Math.floor(good.length / 2));
  const message = await expectUpFails('corrupt model in an update', '--no-verify').finally(() =>
    writeFile(model, good),
  );
  expect(message).toMatch(/model\.onnx|model failed/);
  await testbed().up();
});
