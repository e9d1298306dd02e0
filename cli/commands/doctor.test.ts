import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createProject, targetVersion, type Answers, type Project } from '../fixtures/project.ts';
import { identify } from '../local/replica/process-id.ts';
import { writeState } from '../local/state.ts';

let project: Project;
afterEach(() => project.remove());

const resources = [
  'namespaces ns v1 false Namespace',
  'serviceaccounts sa v1 true ServiceAccount',
  'configmaps cm v1 true ConfigMap',
  'services svc v1 true Service',
  'deployments deploy apps/v1 true Deployment',
  'poddisruptionbudgets pdb policy/v1 true PodDisruptionBudget',
  'networkpolicies netpol networking.k8s.io/v1 true NetworkPolicy',
];
const printLines = (lines: readonly string[]) => `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}`;
const well = {
  'npm --version': 'echo 11.6.2',
  'docker version': 'echo 28.0.1',
  'docker buildx': 'echo github.com/docker/buildx v0.20.0',
  'docker info': 'echo 8589934592',
  'kind version': 'echo kind v0.31.0 go1.25.5 linux/amd64',
  'kubectl config get-contexts': 'echo staging',
  'kubectl --context staging version': `echo '{"serverVersion": {"gitVersion": "v1.34.1", "minor": "34+"}}'`,
  'kubectl --context staging api-resources': printLines([
    ...resources,
    'nodes metrics.k8s.io/v1beta1 false NodeMetrics',
  ]),
  'kubectl version': 'echo Client Version: v1.36.0',
  'kubectl *auth can-i': 'echo yes',
} satisfies Answers;

async function doctor(answers: Answers, ...args: readonly string[]) {
  project = await createProject(answers);
  return project.start(['doctor', ...args]);
}

interface Finding {
  readonly what: string;
  readonly state: string;
  readonly detail: string;
  readonly fix?: string;
}

test('a cluster that allows everything, checked for each kind of the manifests', async () => {
  const { exitCode, stdout, stderr } = await doctor(well, '--on', 'context=staging', '--json');
  expect(stderr).toBe('');
  expect(exitCode).toBe(0);
  const findings = JSON.parse(stdout) as Finding[];
  expect(findings.filter(({ state }) => state !== 'ok').map(({ what, state }) => [what, state])).toEqual([
    ['NetworkPolicy is enforced', 'warning'],
  ]);
  expect(findings.map(({ what }) => what)).toEqual([
    'Node',
    'npm',
    'docker',
    'docker buildx',
    'memory of docker',
    'kind',
    'kubectl',
    'Kubernetes of staging',
    'Namespace',
    'ServiceAccount',
    'ConfigMap',
    'Deployment',
    'Service',
    'PodDisruptionBudget',
    'NetworkPolicy',
    'NetworkPolicy is enforced',
    'metrics-server',
  ]);
  const calls = await project.calls();
  expect(calls).toContain('kubectl --context staging --namespace iris-server auth can-i create deployments.apps');
  expect(calls).toContain('kubectl --context staging --namespace iris-server auth can-i patch services');
});

test.each<[string, Answers, string, string]>([
  [
    'a missing permission',
    { 'kubectl *can-i create deployments.apps': 'echo no; exit 1' },
    'Deployment',
    'you may not create deployments.apps in iris-server',
  ],
  [
    'a kind that the cluster does not have',
    { 'kubectl --context staging api-resources': `echo 'deployments deploy apps/v1 true Deployment'` },
    'NetworkPolicy',
    'the cluster does not have networking.k8s.io/v1 NetworkPolicy, of which infra/ has iris-server',
  ],
  [
    'a cluster that is too old',
    { 'kubectl --context staging version': `echo '{"serverVersion": {"gitVersion": "v1.27.3", "minor": "27"}}'` },
    'Kubernetes of staging',
    'v1.27.3 is older than 1.30, the oldest supported version',
  ],
  [
    'a cluster that does not respond',
    { 'kubectl --context staging version': 'echo refused >&2; exit 1' },
    'Kubernetes of staging',
    'refused',
  ],
  [
    'a context that kubectl does not know',
    { 'kubectl config get-contexts': 'echo other' },
    'context staging',
    'kubectl has no context "staging".',
  ],
])('%s is reported as missing', async (...[, answers, what, detail]) => {
  const { exitCode, stdout, stderr } = await doctor(
    { ...answers, ...Object.fromEntries(Object.entries(well).filter(([call]) => !(call in answers))) },
    '--on',
    'context=staging',
    '--json',
  );
  expect(exitCode).toBe(1);
  expect((JSON.parse(stdout) as Finding[]).find((finding) => finding.what === what)).toMatchObject({
    state: 'missing',
    detail,
  });
  expect(stderr).toMatch(new RegExp(`rhizome up --on context=staging. would fail because of: .*${what}`));
});

test.each([
  ['1.34', 'ok', 'v1.34.1'],
  ['1.35', 'missing', 'v1.34.1 is older than 1.35, which the manifests need'],
])('a cluster of 1.34, with manifests for %s: %s', async (version, state, detail) => {
  project = await createProject(well);
  await targetVersion(join(project.folder, 'charts-out/local.k8s.yaml'), version);
  const { stdout } = await project.start(['doctor', '--on', 'context=staging', '--json']);
  const finding = (JSON.parse(stdout) as Finding[]).find(({ what }) => what === 'Kubernetes of staging');
  expect(finding).toMatchObject({ state, detail });
});

test('objects whose CRDs or metrics the cluster lacks are named, with what to install', async () => {
  const { 'kubectl --context staging api-resources': _, ...others } = well;
  const api = [...resources, 'horizontalpodautoscalers hpa autoscaling/v2 true HorizontalPodAutoscaler'];
  project = await createProject({ ...others, 'kubectl --context staging api-resources': printLines(api) });
  const object = (apiVersion: string, kind: string, spec: object) =>
    `---\n${JSON.stringify({ apiVersion, kind, metadata: { name: 'iris-server', namespace: 'iris-server' }, spec })}\n`;
  await appendFile(
    join(project.folder, 'charts-out/local.k8s.yaml'),
    object('gateway.networking.k8s.io/v1', 'HTTPRoute', {}) +
      object('autoscaling/v2', 'HorizontalPodAutoscaler', { metrics: [{ type: 'Resource' }] }),
  );
  const { exitCode, stdout } = await project.start(['doctor', '--on', 'context=staging', '--json']);
  expect(exitCode).toBe(1);
  expect((JSON.parse(stdout) as Finding[]).filter(({ state }) => state === 'missing')).toEqual([
    {
      what: 'HTTPRoute',
      state: 'missing',
      detail: 'the cluster does not have gateway.networking.k8s.io/v1 HTTPRoute, of which infra/ has iris-server',
      fix: 'Install the Gateway API (https://gateway-api.sigs.k8s.io/guides/), or remove the object from infra/.',
    },
    {
      what: 'metrics-server',
      state: 'missing',
      detail: 'not installed: the HorizontalPodAutoscaler iris-server would never scale',
      fix: 'Install it: https://github.com/kubernetes-sigs/metrics-server',
    },
  ]);
});

test('locally only Node is needed: what kind would need is a warning', async () => {
  const { exitCode, stdout } = await doctor({
    'docker version': 'echo Cannot connect to the Docker daemon >&2; exit 1',
    'kind version': 'exit 127',
  });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^✓ Node +v24/);
  expect(stdout).toMatch(/! docker +Cannot connect to the Docker daemon\n +→ Start it/);
});

test("the port of this project's own replicas is not a warning", async () => {
  project = await createProject({});
  const supervisor = identify(process.pid)!;
  writeState(project.folder, { supervisor, url: 'http://localhost:8080', graceSeconds: 1, replicas: [] });
  const { stdout } = await project.start(['doctor', '--json']);
  expect((JSON.parse(stdout) as Finding[]).find(({ what }) => what === 'port 8080')).toEqual({
    what: 'port 8080',
    state: 'ok',
    detail: "in use by this project's replicas, which the next `up` replaces",
  });
});

test('a container engine that is not installed has another fix than one that does not run', async () => {
  project = await createProject({});
  await project.uninstall('docker');
  const { stdout } = await project.start(['doctor', '--json']);
  expect((JSON.parse(stdout) as Finding[]).find(({ what }) => what === 'docker')).toMatchObject({
    state: 'warning',
    detail: 'not installed',
    fix: expect.stringMatching(/^Install /),
  });
});

test('too little memory for the nodes of kind.yaml is a warning', async () => {
  const { stdout } = await doctor({ ...well, 'docker info': 'echo 536870912' }, '--json');
  expect((JSON.parse(stdout) as Finding[]).find(({ what }) => what === 'memory of docker')).toMatchObject({
    state: 'warning',
    detail: '0.5 GiB; a kind cluster with 1 node needs about 1.0 GiB',
  });
});

test('on kind, without a cluster: checks its port, and whether this machine has the node image', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const { port } = busy.address() as AddressInfo;
  try {
    project = await createProject({ ...well, 'docker image inspect': 'exit 1' }, port);
    const { exitCode, stdout } = await project.start(['doctor', '--on', 'kind', '--json'], {
      env: { KIND_NODE_IMAGE: 'node:1' },
    });
    expect(exitCode).toBe(1);
    const findings = JSON.parse(stdout) as Finding[];
    expect(findings.find(({ what }) => what === `port ${port}`)).toMatchObject({
      state: 'missing',
      detail: expect.stringMatching(/^in use by /),
    });
    expect(findings.find(({ what }) => what === 'node image')).toMatchObject({
      state: 'warning',
      detail: 'node:1 is not on this machine: kind will pull it',
    });
    expect(findings.find(({ what }) => what === 'cluster rhizome')).toMatchObject({
      state: 'warning',
      detail: 'does not exist yet',
    });
  } finally {
    busy.close();
  }
});
