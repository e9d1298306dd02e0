/** The manifests on a real API server: applied from scratch, applied again, and applied as an upgrade of older ones. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { App, Chart, Yaml } from 'cdk8s';
import { execa, execaSync } from 'execa';
import { readObjects } from '../../cli/project/objects.ts';
import { AllowedRegistries, TenantNamespace } from '../../infra/index.ts';
import { until } from '../../service/fixtures/until.ts';
import { expectNoFailedRequests } from './disruption.ts';
import { listPodNames, listReplicas, secondsUntil } from './replicas.ts';
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

clusterTest('a namespace of a team refuses foreign images with our sentence, also in what makes pods', async () => {
  const team = `${name}-team`;
  const chart = new Chart(new App(), 'team');
  const quota = { cpu: { request: '1', limit: '2' }, memory: { request: '1Gi', limit: '2Gi' } };
  new TenantNamespace(chart, 'namespace', { name: team, quota });
  const registries = ['registry.example/team'];
  const { policy } = new AllowedRegistries(chart, 'registries', { namespace: team, registries, requireDigest: true });
  const file = join(testbed().project.folder, 'team.yaml');
  await writeFile(file, Yaml.stringify(...(chart.toJson() as unknown[])));
  const own = `registry.example/team/iris@sha256:${'0'.repeat(64)}`;
  // Meets the Pod Security Standard, which is checked first.
  const container = (image: string, of = 'main') => ({
    name: of,
    image,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  });
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  const pod = (spec: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    spec: { securityContext, containers: [container(own)], ...spec },
  });
  const deployment = (image: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      selector: { matchLabels: { app: 'x' } },
      template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'main', image }] } },
    },
  });
  /** Returns what the API server says about an object. The policies are evaluated in a dry run, too. */
  const says = async (object: object): Promise<string> => {
    const { stderr } = await execa(
      'kubectl',
      ['--context', context, '--namespace', team, 'create', '--dry-run=server', '--filename=-'],
      { input: JSON.stringify({ metadata: { name: 'x' }, ...object }), reject: false, timeout: 30_000 },
    );
    return stderr;
  };
  const foreign = (image: string) =>
    `the namespace ${team} runs only images of registry.example/team, and not ${image}`;
  try {
    await execa('kubectl', ['--context', context, ...kubectlApply, file], { timeout: 60_000 });
    await expectNoDifference(file);
    // The API server compiles a new policy after a moment.
    const end = Date.now() + 60_000;
    while (!(await says(deployment('docker.io/nginx:1'))).includes(foreign('docker.io/nginx:1')))
      if (Date.now() > end) throw new Error('The policy has no effect after a minute.');
    // A pod needs the ServiceAccount that Kubernetes creates in a new namespace.
    await kubectl('--namespace', team, 'wait', '--for=create', 'serviceaccount/default', '--timeout=60s');
    const image = 'registry.example.evil/x:v1';
    const other = container(image, 'other');
    expect(await says(pod({ initContainers: [other] }))).toContain(foreign(image));
    expect(await says(pod({ containers: [container(own), other] }))).toContain(foreign(image));
    expect(await says(deployment('registry.example/team/iris:v1'))).toContain('only images with a digest, and not');
    expect(await says(deployment(own))).not.toContain('ValidatingAdmissionPolicy');
    expect(await says(pod({}))).toBe('');
    const volumes = [{ name: 'models', image: { reference: image } }];
    // Another check may come first, and before 1.35 the API server drops such a volume.
    expect(await says(pod({ volumes }))).toMatch(
      /registry\.example\.evil|must specify a volume type|Invalid value|volume types/,
    );
  } finally {
    await kubectl('delete', '--ignore-not-found', '--wait=false', `namespace/${team}`);
    for (const kind of ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'])
      await kubectl('delete', '--ignore-not-found', `${kind}/${policy.name}`);
  }
});

clusterTest('a changed setting leaves one ConfigMap to prune, which only a rollback still needs', async () => {
  const { folder } = testbed().project;
  const { image } = await testbed().up();
  const profile = '...localProfile,';
  await testbed().edit('infra/environments.ts', profile, `${profile} settings: { LOG_LEVEL: 'warn' },`);
  const env = { CDK8S_OUTDIR: 'changed', RHIZOME_IMAGE: image };
  await execa(process.execPath, ['infra/main.ts'], { cwd: folder, env, timeout: 60_000 });
  const [before, changed] = ['.rhizome/charts', 'changed'].map((charts) => join(folder, charts, 'local.k8s.yaml'));
  const inventory = (file: string) => readObjects(file).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  const left = inventory(before!).filter((object) => !inventory(changed!).includes(object));
  expect(left).toEqual([expect.stringMatching(/^ConfigMap\//)]);

  // What Argo CD and Flux do: apply, wait, and delete what the inventory of the last time has in addition.
  await execa('kubectl', ['--context', context, ...kubectlApply, changed!], { timeout: 60_000 });
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
  await kubectl('delete', ...left);
  await expectNoDifference(changed!);
  // The kubelet keeps an immutable ConfigMap as long as a pod of its node refers to it.
  await until(async () => (await listPodNames()).length === 2, 'the pods of the previous revision are gone', 60);

  // What breaks: a pod of the previous revision has no settings any more. Those that run keep serving.
  await kubectl('rollout', 'undo', `deployment/${name}`);
  const waiting = '{.items[*].status.containerStatuses[*].state.waiting.reason}';
  const end = Date.now() + 60_000;
  while (!(await kubectl('get', 'pods', '--output', `jsonpath=${waiting}`)).includes('CreateContainerConfigError'))
    if (Date.now() > end) throw new Error('The pod of the previous revision was created without its ConfigMap.');
  expect((await listReplicas()).filter(({ ready }) => ready)).toHaveLength(2);

  // What mends it: a revert in Git, which applies the ConfigMap again.
  await testbed().edit('infra/environments.ts', `${profile} settings: { LOG_LEVEL: 'warn' },`, profile);
  await execa('kubectl', ['--context', context, ...kubectlApply, before!], { timeout: 60_000 });
  await kubectl('rollout', 'status', 'deployment', name, '--timeout=100s');
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
