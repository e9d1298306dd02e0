/** The manifests on a real API server: applied from scratch, applied again, and applied as an upgrade of older ones. */
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

clusterTest('a namespace that enforces Pod Security "restricted" admits the pods without a warning', async () => {
  await kubectl('delete', 'namespace', name, '--timeout=100s');
  const { log } = await testbed().up();
  // Pod Security would print warnings about what violates "restricted".
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

clusterTest('applying the manifests again replaces no pod, and kubectl diff is empty', async () => {
  const before = (await listReplicas()).map(({ pod }) => pod);
  await testbed().up();
  expect((await listReplicas()).map(({ pod }) => pod)).toEqual(before);
  await expectNoDifference(join(testbed().project.folder, '.rhizome/charts/local.k8s.yaml'));
});

clusterTest('the production chart is admitted without a warning, and applying it again changes nothing', async () => {
  const file = join(testbed().project.folder, 'production.yaml');
  await writeFile(file, await adapt(await readFile(join(root, 'charts-out/production.k8s.yaml'), 'utf8'), name));
  // Its image cannot be pulled here, so this test does not wait for the pods.
  const { stderr } = await execa('kubectl', ['--context', context, ...kubectlApply, file], { timeout: 60_000 });
  expect(stderr).toBe('');
  await expectNoDifference(file);
  // The next test starts with an empty cluster.
  await kubectl('delete', 'namespace', name, '--timeout=100s');
});

/** Expects that `kubectl diff` finds nothing that applying the file would change. It would exit with code 1. */
async function expectNoDifference(file: string): Promise<void> {
  const [, ...flags] = kubectlApply;
  const { stdout, stderr, exitCode } = await execa('kubectl', ['--context', context, 'diff', ...flags, file], {
    reject: false,
    timeout: 60_000,
  });
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '', stderr: '', exitCode: 0 });
}

/** Adapts a chart of this repository to the testbed: its name, node ports and image. */
async function adapt(text: string, image: string): Promise<string> {
  const own = await readFile(join(testbed().project.folder, 'charts-out/local.k8s.yaml'), 'utf8');
  const [http = '30080', grpc = '30081'] = [...own.matchAll(/nodePort: (\d+)/g)].map(([, port]) => port!);
  return text
    .replace(/image: .*/, `image: ${image}`)
    .replaceAll('iris-server', name)
    .replaceAll('30080', http)
    .replaceAll('30081', grpc);
}

const previousCommit = execaSync('git', ['show', 'HEAD~1:charts-out/local.k8s.yaml'], {
  cwd: root,
  reject: false,
  stripFinalNewline: false,
});
const firstCharts = join(import.meta.dirname, 'fixtures/first-charts.k8s.yaml');

testIfSupported(
  previousCommit.failed ? 'the previous commit is not in this shallow clone' : undefined,
  "upgrading from the previous commit's charts: no request fails",
  async () => {
    await upgradeFrom(previousCommit.stdout, "upgrade from the previous commit's charts");
  },
);
clusterTest("upgrading from the project's first charts: no request fails", async () => {
  await upgradeFrom(await readFile(firstCharts, 'utf8'), 'upgrade from the first charts');
});

/** Applies old charts, but with the current image, and then upgrades to the current charts. */
async function upgradeFrom(text: string, disruption: string): Promise<void> {
  const { image } = await testbed().up();
  await kubectl('delete', 'namespace', name, '--timeout=100s');
  const file = join(testbed().project.folder, 'before.yaml');
  await writeFile(file, await adapt(text, image));
  // Charts may contain the namespace, or leave it to `up`.
  if (!text.includes('kind: Namespace')) await execa('kubectl', ['--context', context, 'create', 'namespace', name]);
  await execa('kubectl', ['--context', context, ...kubectlApply, file], { timeout: 60_000 });
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await secondsUntil(
    'both replicas of the old charts are ready',
    Date.now(),
    (now) => now.length === 2 && now.every(({ ready }) => ready),
  );
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
