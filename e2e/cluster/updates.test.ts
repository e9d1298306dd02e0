/** What a new version costs those who send requests meanwhile: nothing. And a bad one is not let in. */
import { appendFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expectNoFailedRequests } from './disruption.ts';
import { listReplicas, secondsUntil } from './replicas.ts';
import { clusterTest, kubectl, name, useTestbed, type Up } from './testbed.ts';

const testbed = useTestbed();
/** Load goes on until the last pod of the version before has ended: its grace period. */
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

clusterTest('rolling update to a new model: no request fails, and its version answers', async () => {
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
});

clusterTest('a changed setting: a new ConfigMap, the pods roll, no request fails', async () => {
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

/** Runs an `up` that has to fail under load, and checks that the replicas before it serve on. @returns what it said */
async function refused(disruption: string, ...args: readonly string[]): Promise<string> {
  const before = await listReplicas();
  let said = '';
  await expectNoFailedRequests(testbed(), disruption, async () => {
    const began = Date.now();
    const { exitCode, stderr } = await testbed().tryUp(...args);
    said = stderr.slice(stderr.lastIndexOf('✗'));
    console.log(`${disruption}: reported after ${Math.round((Date.now() - began) / 1000)} s\n${said}`);
    expect(exitCode).toBe(1);
  });
  expect(said).toContain('The rollout failed: ');
  expect(said).toContain(' 2 replicas of the version before still serve.');
  expect(said).toContain(`rollout undo deployment/${name}`);
  // A stack of the command line's own; one of the service's may be in its log.
  expect(said).not.toContain('/cli/');
  const now = await listReplicas();
  expect(
    now
      .filter(({ ready }) => ready)
      .map(({ pod }) => pod)
      .toSorted(),
  ).toEqual(before.map(({ pod }) => pod).toSorted());
  return said;
}

clusterTest('an image that is nowhere: the old ReplicaSet serves on, up reports the cause', async () => {
  const said = await refused('wrong image in an update', '--image', `${name}:nowhere`);
  expect(said).toMatch(/is in (ImagePullBackOff|ErrImagePull|ErrImageNeverPull)/);
  expect(said).toContain(`${name}:nowhere`);
  await testbed().up();
});

clusterTest('a program that ends at once: the old ReplicaSet serves on, up reports the cause', async () => {
  const main = join(testbed().project.folder, 'service/main.ts');
  const good = await readFile(main, 'utf8');
  await writeFile(main, `throw new Error('broken on purpose');\n`);
  const said = await refused('broken image in an update').finally(() => writeFile(main, good));
  expect(said).toContain('is in CrashLoopBackOff');
  expect(said).toContain('broken on purpose');
  await testbed().up();
});

clusterTest('a corrupt model: the old ReplicaSet serves on, up reports the cause', async () => {
  const model = join(testbed().project.folder, 'models/iris/model.onnx');
  const good = await readFile(model);
  await truncate(model, Math.floor(good.length / 2));
  const said = await refused('corrupt model in an update').finally(() => writeFile(model, good));
  expect(said).toMatch(/model\.onnx|model failed/);
  await testbed().up();
});
