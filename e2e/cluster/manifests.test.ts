/** What a real API server says of the manifests: the first time, the second time, and over those of versions before. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa, execaSync } from 'execa';
import { expectNoFailedRequests } from './disruption.ts';
import { listReplicas, secondsUntil } from './replicas.ts';
import {
  clusterTest,
  context,
  expectSuccess,
  kubectl,
  kubectlApply,
  name,
  testIfSupported,
  useTestbed,
} from './testbed.ts';

const root = join(import.meta.dirname, '../..');
const testbed = useTestbed();

clusterTest('a namespace that enforces "restricted" admits it without a warning', async () => {
  await kubectl('delete', 'namespace', name, '--timeout=100s');
  const { log } = await testbed().up();
  // Pod Security warns here where "restricted" would refuse.
  expect(log).not.toContain('Warning:');
  expect(
    await kubectl(
      'get',
      'namespace',
      name,
      '--output',
      'jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}',
    ),
  ).toBe('restricted');
  expect(await listReplicas()).toHaveLength(2);
});

clusterTest('applied twice: no pod rolls, and kubectl diff is empty', async () => {
  const before = (await listReplicas()).map(({ pod }) => pod);
  await testbed().up();
  expect((await listReplicas()).map(({ pod }) => pod)).toEqual(before);
  await expectNoDifference(join(testbed().project.folder, '.rhizome/charts/local.k8s.yaml'));
});

clusterTest('the chart for production: admitted without a warning, and applied again it changes nothing', async () => {
  const file = join(testbed().project.folder, 'production.yaml');
  await writeFile(file, await chart(await readFile(join(root, 'charts-out/production.k8s.yaml'), 'utf8'), name));
  // Its image cannot be pulled here; how pods start is another test's business.
  const { stderr } = await execa('kubectl', ['--context', context, ...kubectlApply, file], { timeout: 60_000 });
  expect(stderr).toBe('');
  await expectNoDifference(file);
  // The next test begins from nothing.
  await kubectl('delete', 'namespace', name, '--timeout=100s');
});

/** Exits 1 where applying would change something. */
async function expectNoDifference(file: string): Promise<void> {
  const [, ...how] = kubectlApply;
  const { stdout, stderr, exitCode } = await execa('kubectl', ['--context', context, 'diff', ...how, file], {
    reject: false,
    timeout: 60_000,
  });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 0 });
}

/** A chart of the repository, with the names of this testbed. */
async function chart(text: string, image: string): Promise<string> {
  const nodePort = /nodePort: (\d+)/.exec(
    await readFile(join(testbed().project.folder, 'charts-out/local.k8s.yaml'), 'utf8'),
  )![1]!;
  return text
    .replace(/image: .*/, `image: ${image}`)
    .replaceAll('iris-server', name)
    .replaceAll('30080', nodePort);
}

const lastCommit = execaSync('git', ['show', 'HEAD~1:charts-out/local.k8s.yaml'], {
  cwd: root,
  reject: false,
  stripFinalNewline: false,
});
const first = join(import.meta.dirname, 'fixtures/first-charts.k8s.yaml');

testIfSupported(
  lastCommit.failed ? 'a shallow clone has no commit before this one' : undefined,
  "upgrade from the last commit's charts: no request fails",
  async () => {
    await upgradeFrom(lastCommit.stdout, "upgrade from the last commit's charts");
  },
);
clusterTest('upgrade from the first charts that there were: no request fails', async () => {
  await upgradeFrom(await readFile(first, 'utf8'), 'upgrade from the first charts');
});

/** Applies charts as they were, with an image of today, and then those of today. */
async function upgradeFrom(text: string, disruption: string): Promise<void> {
  const { image } = await testbed().up();
  await kubectl('delete', 'namespace', name, '--timeout=100s');
  const file = join(testbed().project.folder, 'before.yaml');
  await writeFile(file, await chart(text, image));
  await execa('kubectl', ['--context', context, ...kubectlApply, file], { timeout: 60_000 });
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await secondsUntil('it is up as it was', Date.now(), (now) => now.length === 2 && now.every(({ ready }) => ready));
  await expectNoFailedRequests(
    testbed(),
    disruption,
    async () => {
      const run = await testbed().tryUp();
      expect(run.stderr).not.toContain('immutable');
      expectSuccess(run);
    },
    12,
  );
}
