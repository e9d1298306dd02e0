import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const local = 'charts-out/local.k8s.yaml';

const explain = (...args: readonly string[]) =>
  execa(process.execPath, ['cli/main.ts', 'explain', ...args], { cwd: repository, reject: false, timeout: 60_000 });

test('without a path, says what each object is for', async () => {
  const { exitCode, stdout, stderr } = await explain(local);
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout.split('\n').filter((line) => /^\w+\//.test(line))).toEqual([
    'Namespace/iris-server, 12 fields',
    'ServiceAccount/iris-server, 8 fields',
    expect.stringMatching(/^ConfigMap\/iris-server-[0-9a-f]{10}, 15 fields$/),
    expect.stringMatching(/^Deployment\/iris-server, \d+ fields$/),
    'Service/iris-server, 22 fields',
    'Service/iris-server-headless, 15 fields',
    'PodDisruptionBudget/iris-server, 11 fields',
    'NetworkPolicy/iris-server, 22 fields',
  ]);
  expect(stdout).toContain(
    '\n\nPodDisruptionBudget/iris-server, 11 fields\n' +
      '  why      Lets a node drain evict one pod at a time.\n' +
      '  without  A drain of several nodes, as in an upgrade of the cluster, may evict\n' +
      '           all pods at once.\n',
  );
});

test('explains a field in at most 80 columns, with what breaks without it and the prop that sets it', async () => {
  const { stdout } = await explain(local, 'Deployment.spec.template.spec.containers[0].startupProbe');
  expect(stdout).toContain(
    'spec.template.spec.containers[0].startupProbe.failureThreshold: 60\n' +
      '  why      Seconds that a pod has to load its models before Kubernetes restarts\n' +
      '           it, 1 or more. Large models need more.\n' +
      '  without  The default is 3 failures, 3 s: larger models would never finish\n' +
      '           loading.\n' +
      '  prop     startupSeconds; default: 120\n',
  );
  const all = await Promise.all(['Deployment', 'Service', 'ConfigMap'].map((kind) => explain(local, kind)));
  expect(all.flatMap((each) => each.stdout.split('\n')).filter((line) => line.length > 80)).toEqual([]);
});

test('--json prints the fields of a path; a path that does not exist is refused', async () => {
  const { stdout } = await explain(local, 'livenessProbe.timeoutSeconds', '--json');
  expect(JSON.parse(stdout)).toEqual([
    {
      object: 'Deployment/iris-server',
      path: 'spec.template.spec.containers[0].livenessProbe.timeoutSeconds',
      value: 4,
      why: expect.stringContaining('only busy'),
      without: expect.stringContaining('default is 1 s'),
    },
  ]);
  const { exitCode, stderr } = await explain(local, 'livenesProbe');
  expect([exitCode, stderr]).toEqual([
    2,
    '\n✗ The manifests have no object and no field livenesProbe.\n  → Did you mean livenessProbe?',
  ]);
});

test('a field without an explanation is left to kubectl explain; other files are refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-explain-'));
  try {
    const file = join(folder, 'own.yaml');
    await writeFile(
      file,
      'apiVersion: batch/v1\nkind: Job\nmetadata: { name: own }\nspec: { tasks: [{ retries: 3 }] }\n',
    );
    expect((await explain(file, 'Job.spec')).stdout).toBe(
      'Job/own\nspec.tasks[0].retries: 3\n' +
        '  Rhizome has no explanation for this. See: kubectl explain job.spec.tasks.retries',
    );
    expect((await explain('kind.yaml')).stderr).toContain('kind.yaml contains something other than Kubernetes objects');
    expect((await explain(join(folder, 'none.yaml'))).stderr).toContain('There are no manifests: cannot read');
  } finally {
    await rm(folder, { recursive: true });
  }
});
