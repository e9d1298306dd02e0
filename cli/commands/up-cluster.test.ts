import { appendFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { priorityClassName } from '../../infra/metadata/names.ts';
import { contentHash } from '../images/content-tag.ts';
import { bytesBlob, jsonBlob, mediaTypes, writeLayout } from '../images/oci-layout.ts';
import {
  answerWith,
  createProject,
  rolledOut,
  targetVersion,
  type Answering,
  type Answers,
  type Project,
} from '../fixtures/project.ts';

// Checks the exact calls of the tools. e2e/cluster does the same with the real tools, except for minikube, which cannot
// run everywhere.

const inspected = {
  Os: 'linux',
  Architecture: 'amd64',
  Size: 1,
  RootFS: { Layers: ['sha256:1'] },
  Config: { Cmd: ['node'] },
};
const tag = `iris-server:v0.1.0-${contentHash(inspected)}`;
const setosa = { prediction: 'setosa', probabilities: { setosa: 0.980945, versicolor: 0.019054, virginica: 0.000001 } };

const answers = (port: number): Answers => ({
  'kind get clusters': 'echo other',
  'kind get nodes': 'printf "a\\nb\\n"',
  'docker exec a ctr': `echo docker.io/library/${tag}`,
  'docker image inspect': `echo '${JSON.stringify([inspected])}'`,
  'docker save': 'echo > "$3"',
  'minikube image ls': 'echo docker.io/library/iris-server:v0.1.0-older',
  'kubectl config get-contexts': 'printf "staging\\nkind-mine\\n"',
  'kubectl --context * get deployments': `echo '${rolledOut}'`,
  'kubectl --context * port-forward': `echo 'Forwarding from 127.0.0.1:${port} -> 8000'; exec sleep 30`,
});

const get = (context: string): string =>
  `kubectl --context ${context} --namespace iris-server get deployments,replicasets,pods --output json`;
const manifests = '--server-side --force-conflicts --field-manager=rhizome -f .rhizome/charts/local.k8s.yaml';
const applied = (context: string): string => `kubectl --context ${context} apply ${manifests}`;
const own =
  'deployment.apps,service,configmap,serviceaccount,poddisruptionbudget.policy,networkpolicy.networking.k8s.io,' +
  'horizontalpodautoscaler.autoscaling,ingress.networking.k8s.io';
const selector = '--selector=app.kubernetes.io/managed-by=rhizome,app.kubernetes.io/name=iris-server';
const pruned = (context: string): readonly string[] => [
  `kubectl --context ${context} --namespace iris-server get ${own},replicaset.apps ${selector} --output json`,
  `kubectl --context ${context} api-resources --no-headers --namespaced --verbs=list,delete --output=name`,
];
/** Removes what differs between runs: the folder of the archive, and the order in which the nodes are queried. */
const anywhere = (calls: readonly string[]): string[] => {
  const isQuery = (call: string): boolean => / exec \w+ ctr /.test(call);
  const what = (call: string): string => call.replace(/^.* ctr /, '');
  const asked = Map.groupBy(calls.filter(isQuery).toSorted(), what);
  return calls.map((call) =>
    isQuery(call) ? (asked.get(what(call))?.shift() ?? '') : call.replace(/\S+\/rhizome-image-\w+\//, '/'),
  );
};
const builtAndTagged = [
  `docker build --tag iris-server:v0.1.0 .`,
  'docker image inspect iris-server:v0.1.0',
  'docker image inspect iris-server:v0.1.0',
  `docker tag iris-server:v0.1.0 ${tag}`,
];

let service: Answering;
let project: Project;
beforeEach(async () => {
  service = await answerWith(200, setosa);
  project = await createProject(answers(service.port), service.port);
});
afterEach(async () => {
  await service.close();
  await project.remove();
});

test('reports a kind cluster without nodes, and loads nothing', async () => {
  await project.remove();
  project = await createProject(
    {
      'kind get nodes': 'true',
      ...Object.fromEntries(Object.entries(answers(service.port)).filter(([call]) => call !== 'kind get nodes')),
    },
    service.port,
  );
  const { exitCode, stderr } = await project.start(['up', '--on', 'context=kind-mine', '--detach']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('✗ The kind cluster mine has no nodes.');
  expect((await project.calls()).filter((call) => /docker save|kind load/.test(call))).toEqual([]);
});

test('up --on minikube: builds, loads, applies, waits, forwards a port and predicts', async () => {
  const { exitCode, stdout, stderr } = await project.start([
    'up',
    '--on',
    'minikube',
    '--detach',
    '--json',
    '--verbose',
  ]);
  expect(stderr).not.toContain('✗');
  expect(exitCode).toBe(0);
  expect(anywhere(await project.calls())).toEqual([
    'kubectl version --client',
    'docker version --format {{.Server.Version}}',
    'minikube status --profile minikube',
    ...builtAndTagged,
    'minikube image ls --profile minikube',
    `docker image inspect ${tag}`,
    'docker version --format {{.Client.APIVersion}}',
    `docker save --output /image.tar ${tag}`,
    'minikube image load /image.tar --profile minikube',
    applied('minikube'),
    get('minikube'),
    ...pruned('minikube'),
    'kubectl --context minikube --namespace iris-server port-forward service/iris-server 0:80',
  ]);
  const { steps, ...result } = JSON.parse(stdout) as Record<string, unknown>;
  // No URL: with --detach the forwarded port is gone.
  expect(result).toEqual({
    target: 'minikube',
    image: tag,
    answer: setosa,
    answers: [{ model: 'iris', version: '1', answer: setosa }],
    withoutExamples: [],
  });
  expect(steps).toHaveLength(11);
  // Each command is printed as a person would type it.
  expect(stderr).toContain(`  $ docker save --output /`);
  expect(stderr).toContain(
    `  $ CDK8S_OUTDIR=.rhizome/charts RHIZOME_IMAGE=${tag} RHIZOME_ENVIRONMENT=local npx -c 'sed `,
  );
  expect(stderr).toContain(`  $ curl http://localhost:${service.port}/predictions `);
});

test('down --on minikube deletes the applied objects by label, but not a namespace with other objects', async () => {
  const deleted = 'deployment.apps "iris-server" deleted from iris-server namespace';
  const [own7, other] = [
    ['iris-server', 'iris-server'],
    ['elsewhere', 'iris-server'],
  ].map(([namespace, name]) => priorityClassName({ namespace: namespace!, name: name! }, 7));
  await project.remove();
  project = await createProject({
    'kubectl --context minikube --namespace iris-server delete namespace': 'exit 9',
    'kubectl --context minikube --namespace iris-server delete --ignore-not-found --cascade=foreground priorityclass':
      'true',
    'kubectl --context minikube --namespace iris-server get deployment.apps,replicaset.apps':
      `echo ${own7} ${other} ` + `${own7} system-cluster-critical`,
    'kubectl --context minikube --namespace iris-server delete': `echo '${deleted}'`,
    'kubectl --context minikube --namespace iris-server get namespaces': 'echo namespace/iris-server',
    'kubectl --context minikube --namespace iris-server get all':
      'printf "configmap/kube-root-ca.crt\\nserviceaccount/default\\nsecret/mine\\n"',
  });
  const { exitCode, stdout, stderr } = await project.start(['down', '--on', 'minikube']);
  expect(stderr).toContain('Keeping the namespace iris-server, which contains other objects: secret/mine');
  expect(exitCode).toBe(0);
  expect(stdout).toBe('removed deployment.apps "iris-server"');
  const deletions = (await project.calls()).filter((call) => call.includes(' delete '));
  // Of what belongs to the whole cluster, only what belongs to this Deployment: others may have the same labels.
  expect(deletions).toEqual(
    [`${own} ${selector}`, `priorityclass.scheduling.k8s.io/${own7}`].map(
      (what) =>
        `kubectl --context minikube --namespace iris-server delete --ignore-not-found --cascade=foreground ${what}`,
    ),
  );
});

test('up --on kind: finds the cluster of kind.yaml, and predicts through the mapped port', async () => {
  // The stand-in for the service already listens on the port.
  const busy = await project.start(['up', '--on', 'kind', '--detach']);
  expect(busy.exitCode).toBe(1);
  expect(busy.stderr).toContain(`✗ Port ${service.port} of this machine is in use`);
  expect(busy.stderr).not.toContain('    at ');

  await project.remove();
  project = await createProject({ ...answers(service.port), 'kind get clusters': 'echo rhizome' }, service.port);
  const again = await project.start(['up', '--on', 'kind', '--detach'], {
    env: { BASE_IMAGE: 'base:1', ONNXRUNTIME_NODE_INSTALL: 'cuda12' },
  });
  expect(again.exitCode).toBe(0);
  expect(again.stdout.trimStart()).toMatch(
    new RegExp(`^http://localhost:${service.port}  .*\\n✓ iris 1  verified in `),
  );
  // The request does not belong to a step, so it is printed only with --verbose.
  expect(again.stderr).not.toContain('$ curl');
  expect(anywhere(await project.calls())).toEqual([
    'kind version',
    'kubectl version --client',
    'docker version --format {{.Server.Version}}',
    'kind get clusters',
    'docker build --tag iris-server:v0.1.0 --build-arg BASE_IMAGE=base:1 --build-arg ONNXRUNTIME_NODE_INSTALL=cuda12 .',
    ...builtAndTagged.slice(1),
    'kind get nodes --name rhizome',
    'docker exec a ctr --namespace k8s.io images list -q',
    'docker exec b ctr --namespace k8s.io images list -q',
    `docker image inspect ${tag}`,
    'docker version --format {{.Client.APIVersion}}',
    `docker save --output /image.tar ${tag}`,
    'docker exec b ctr --namespace k8s.io content list -q',
    'kind load image-archive /image.tar --name rhizome --nodes b',
    applied('kind-rhizome'),
    get('kind-rhizome'),
    ...pruned('kind-rhizome'),
    'kind get clusters',
  ]);
});

test('up deletes a custom resource that infra/ no longer has, and keeps what a controller has made', async () => {
  const object = (apiVersion: string, kind: string, name: string, owned = false) => ({
    apiVersion,
    kind,
    metadata: { name, ...(owned && { ownerReferences: [{ uid: 'd' }] }) },
  });
  const items = [
    object('keda.sh/v1alpha1', 'ScaledObject', 'iris-server'),
    object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'iris-server-canary', true),
  ];
  const get = 'kubectl --context minikube --namespace iris-server get httproutes.gateway.networking.k8s.io,scaled';
  const custom: Answers = {
    ...answers(service.port),
    'kubectl --context minikube api-resources':
      'printf "pods\\nhttproutes.gateway.networking.k8s.io\\nscaledobjects.keda.sh\\nwidgets.example.com\\n"',
    [get]: `echo '${JSON.stringify({ items })}'`,
    'kubectl --context minikube --namespace iris-server delete': `echo 'scaledobject.keda.sh "iris-server" deleted'`,
  };
  await project.remove();
  project = await createProject(custom, service.port);
  const { stderr } = await project.start(['up', '--on', 'minikube', '--detach']);
  expect(stderr).toContain('deleted scaledobject.keda.sh "iris-server"');
  const calls = await project.calls();
  expect(calls.filter((call) => call.startsWith(get))).toEqual([
    'kubectl --context minikube --namespace iris-server get ' +
      `httproutes.gateway.networking.k8s.io,scaledobjects.keda.sh ${selector} --output json`,
  ]);
  expect(calls.filter((call) => call.includes(' delete '))).toEqual([
    expect.stringMatching(/ scaledobject\.keda\.sh\/iris-server$/),
  ]);

  // Without the permission to list them, the models run all the same.
  await project.remove();
  project = await createProject({ ...custom, [get]: 'echo "scaledobjects is forbidden" >&2; exit 1' }, service.port);
  const forbidden = await project.start(['up', '--on', 'minikube', '--detach']);
  expect(forbidden.exitCode).toBe(0);
  expect(forbidden.stderr).toContain('Custom resources were not checked: scaledobjects is forbidden');
});

test('up refuses a cluster that is older than the manifests need, before it loads or applies anything', async () => {
  await project.remove();
  const version = `echo '{"serverVersion": {"gitVersion": "v1.31.9"}}'`;
  project = await createProject({ 'kubectl --context kind-mine version': version, ...answers(service.port) });
  await targetVersion(join(project.folder, 'infra.yaml'), '1.33');
  const { exitCode, stderr } = await project.start(['up', '--on', 'context=kind-mine', '--detach']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('✗ kind-mine runs Kubernetes v1.31.9, but the manifests need 1.33.');
  expect(stderr).toContain('set kubernetesVersion in infra/environments.ts to its version');
  expect((await project.calls()).filter((call) => /kind load| apply /.test(call))).toEqual([]);
});

test('a second up skips each step that has nothing to do, and says why', async () => {
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'kind get clusters': 'echo rhizome',
      'docker exec b ctr': `echo docker.io/library/${tag}`,
    },
    service.port,
  );
  const up = async () =>
    JSON.parse((await project.start(['up', '--on', 'kind', '--detach', '--json'])).stdout) as {
      steps: { step: string; skipped?: string }[];
    };
  const skipped = async () =>
    Object.fromEntries(
      (await up()).steps.flatMap((step) => (step.skipped === undefined ? [] : [[step.step, step.skipped]])),
    );
  expect(await skipped()).toMatchObject({
    'Find or create the cluster': 'the cluster rhizome exists',
    'Load the image': 'every node already has it',
  });
  expect((await project.calls()).some((call) => call.includes(' diff '))).toBe(false);
  const before = (await project.calls()).length;

  expect(await skipped()).toEqual({
    'Find or create the cluster': 'the cluster rhizome exists',
    'Build the image': `unchanged, ${tag} is applied`,
    'Load the image': 'every node already has it',
    'Apply the manifests': 'the cluster already has them',
    'Wait for the replicas': 'all 1 replicas already run it',
    'Delete what the manifests no longer have': 'nothing to delete',
  });
  const second = (await project.calls()).slice(before);
  expect(second).toContain(`kubectl --context kind-rhizome diff ${manifests}`);
  expect(second.some((call) => call.includes(' apply '))).toBe(false);
});

test('a second up applies the manifests if the cluster differs from them', async () => {
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'kind get clusters': 'echo rhizome',
      'kubectl --context * diff': 'echo changed; exit 1',
    },
    service.port,
  );
  await project.start(['up', '--on', 'kind', '--detach']);
  await project.start(['up', '--on', 'kind', '--detach']);
  expect((await project.calls()).filter((call) => call === applied('kind-rhizome'))).toHaveLength(2);
});

test('if an autoscaler takes over, the number of replicas gets another owner first, which keeps it', async () => {
  const live = (...managers: readonly string[]) => ({
    metadata: {
      managedFields: managers.map((manager) => ({ manager, fieldsV1: { 'f:spec': { 'f:replicas': {} } } })),
    },
    spec: { replicas: 4 },
  });
  const callsWith = async (deployment: object): Promise<readonly string[]> => {
    await project.remove();
    const answer = `echo '${JSON.stringify(deployment)}'`;
    project = await createProject(
      { ...answers(service.port), 'kubectl --context * get deployment/iris-server': answer },
      service.port,
    );
    const app = join(project.folder, 'infra.yaml');
    await writeFile(app, (await readFile(app, 'utf8')).replace('  replicas: 2\n', ''));
    const { exitCode } = await project.start(['up', '--on', 'context=kind-mine', '--detach', '--no-verify']);
    expect(exitCode).toBe(0);
    return (await project.calls()).filter((call) => call.includes(' apply '));
  };
  expect(await callsWith(live('rhizome'))).toEqual([
    'kubectl --context kind-mine apply --server-side --force-conflicts --field-manager=rhizome-replicas ' +
      '-f .rhizome/replicas.json',
    applied('kind-mine'),
  ]);
  expect(JSON.parse(await readFile(join(project.folder, '.rhizome/replicas.json'), 'utf8'))).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'iris-server', namespace: 'iris-server' },
    spec: { replicas: 4 },
  });
  // An autoscaler ignores a Deployment that is scaled to zero. The default, one replica, starts it.
  expect(await callsWith({ ...live('rhizome'), spec: { replicas: 0 } })).toEqual([applied('kind-mine')]);
  // The autoscaler has changed it: it is an owner.
  expect(await callsWith(live('rhizome-replicas', 'kube-controller-manager'))).toEqual([applied('kind-mine')]);
});

test('saves the image for one platform if Docker can, and deletes the archive, also after Ctrl-C', async () => {
  await project.remove();
  const temporary = await mkdtemp(join(tmpdir(), 'rhizome-test-'));
  project = await createProject(
    {
      ...answers(service.port),
      'docker version --format {{.Client.APIVersion}}': 'echo 1.48',
      'docker save': 'echo > "$3"; echo "saved $3"',
      'kind load': 'echo loading; exec sleep 30',
    },
    service.port,
  );
  try {
    const running = project.start(['up', '--on', 'context=kind-mine'], { env: { TMPDIR: temporary } });
    running.stderr.on('data', (chunk: Buffer) => {
      if (chunk.includes('loading')) running.kill('SIGINT');
    });
    expect((await running).exitCode).toBe(130);
    expect(anywhere(await project.calls())).toContain(`docker save --output /image.tar --platform linux/amd64 ${tag}`);
    expect((await project.calls()).at(-1)).toContain(`kind load image-archive ${temporary}/`);
    expect(await readdir(temporary)).toEqual([]);
  } finally {
    await rm(temporary, { recursive: true });
  }
});

test('loads only the layers that the nodes lack; if that fails, the whole image', async () => {
  const layer = bytesBlob(mediaTypes.layer, Buffer.alloc(2_000_000));
  const manifest = jsonBlob(mediaTypes.manifest, {});
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'docker save': 'cat "$SAVED" > "$3"',
      'docker exec b ctr --namespace k8s.io content': `echo ${layer.digest}`,
      'kind load': 'case "$3" in *$FAILING*) exit 1;; esac',
    },
    service.port,
  );
  const saved = join(project.folder, 'saved.tar');
  await writeLayout([layer, manifest], manifest, `docker.io/library/${tag}`, saved);
  const loaded = async (failing: string): Promise<{ loads: readonly string[]; exitCode: number; stderr: string }> => {
    const { exitCode = 1, stderr } = await project.start(['up', '--on', 'context=kind-mine', '--detach'], {
      env: { SAVED: saved, FAILING: failing },
    });
    const calls = anywhere(await project.calls()).filter((call) => call.startsWith('kind load'));
    return { loads: calls.map((call) => call.replace(/ --name.*/, '')), exitCode, stderr };
  };
  const rest = await loaded('nothing');
  expect(rest.stderr).toContain('  The nodes already have 2 MB of the image.\n');
  expect([rest.exitCode, rest.loads]).toEqual([0, ['kind load image-archive /missing.tar']]);
  const again = await loaded('missing');
  expect(again.stderr).toContain('  They could not load the rest alone. Loading the whole image.\n');
  expect([again.exitCode, again.loads.slice(1)]).toEqual([
    0,
    ['kind load image-archive /missing.tar', 'kind load image-archive /image.tar'],
  ]);
  // What a command that failed in the end says is about the whole image.
  expect((await loaded('tar')).stderr).toMatch(/✗ This command failed \(exit code 1\): kind load .*\/image\.tar /);
});

test('deletes objects that the manifests no longer have, but keeps what an earlier ReplicaSet needs', async () => {
  const meta = (name: string) => ({ metadata: { name } });
  const manifests = await readFile(join(import.meta.dirname, '../../charts-out/local.k8s.yaml'), 'utf8');
  const current = /name: (iris-server-[0-9a-f]{10})\n/.exec(manifests)?.[1] ?? '';
  const items = [
    { kind: 'ConfigMap', ...meta('iris-server-older') },
    { kind: 'ConfigMap', ...meta('iris-server-kept') },
    { kind: 'ConfigMap', ...meta(current) },
    { kind: 'Service', ...meta('iris-server-headless') },
    { kind: 'Ingress', ...meta('iris-server') },
    // KEDA creates it, and gives it the labels of the ScaledObject.
    {
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'keda-hpa-iris-server', ownerReferences: [{ kind: 'ScaledObject', uid: 's' }] },
    },
    {
      kind: 'ReplicaSet',
      ...meta('iris-server-1'),
      spec: { template: { spec: { containers: [{ envFrom: [{ configMapRef: { name: 'iris-server-kept' } }] }] } } },
    },
  ];
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'kubectl --context * get deployment.apps': `echo '${JSON.stringify({ items })}'`,
      'kubectl --context * delete': `echo 'configmap "iris-server-older" deleted from iris-server namespace'`,
    },
    service.port,
  );
  const { stderr } = await project.start(['up', '--on', 'context=kind-mine', '--detach']);
  expect(stderr).toContain('  deleted configmap "iris-server-older"\n');
  const calls = await project.calls();
  const deletions = calls.filter((call) => call.includes(' delete '));
  expect(deletions).toEqual([
    'kubectl --context kind-mine --namespace iris-server delete --ignore-not-found --cascade=foreground ' +
      'configmap/iris-server-older ingress/iris-server',
  ]);
  expect(calls.indexOf(deletions[0]!)).toBeGreaterThan(calls.indexOf(get('kind-mine')));
});

test('a renamed Deployment: deletes the Service with the NodePort before the apply, the rest later', async () => {
  const other = 'kubectl --context kind-mine --namespace old';
  const services = { items: [{ kind: 'Service', metadata: { name: 'old' }, spec: { ports: [{ nodePort: 30080 }] } }] };
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      [`${other} get services`]: `echo '${JSON.stringify(services)}'`,
      [`${other} get namespaces`]: 'echo namespace/old',
    },
    service.port,
  );
  await mkdir(join(project.folder, '.rhizome'));
  await writeFile(
    join(project.folder, '.rhizome/applied.json'),
    JSON.stringify({ 'context=kind-mine': { installations: [{ namespace: 'old', deployment: 'old' }] } }),
  );
  expect(await project.start(['up', '--on', 'context=kind-mine', '--detach'])).toMatchObject({ exitCode: 0 });
  const oldSelector = selector.replace('iris-server', 'old');
  const calls = (await project.calls()).filter(
    (call) => call.startsWith(other) || call === applied('kind-mine') || call === get('kind-mine'),
  );
  // These two run at the same time.
  const contents = calls.filter((call) => call.includes(' get all,')).toSorted();
  expect(calls.map((call) => (call.includes(' get all,') ? contents.shift() : call))).toEqual([
    `${other} get services ${oldSelector} --output json`,
    `${other} delete --ignore-not-found --cascade=foreground service/old`,
    applied('kind-mine'),
    get('kind-mine'),
    `${other} get deployment.apps,replicaset.apps ${oldSelector} --output ` +
      'jsonpath={.items[*].spec.template.spec.priorityClassName}',
    `${other} delete --ignore-not-found --cascade=foreground ${own} ${oldSelector}`,
    `${other} get namespaces ${oldSelector} --field-selector metadata.name=old --output name`,
    ...['!=rhizome', '=rhizome,app.kubernetes.io/name!=old'].map(
      (labels) =>
        `${other} get all,configmaps,secrets,serviceaccounts,persistentvolumeclaims ` +
        `--selector=app.kubernetes.io/managed-by${labels} --output name`,
    ),
    `${other} delete --ignore-not-found --cascade=foreground namespace/old`,
  ]);
  expect(JSON.parse(await readFile(join(project.folder, '.rhizome/applied.json'), 'utf8'))).toEqual({
    'context=kind-mine': {
      image: tag,
      built: tag,
      engine: 'docker',
      environment: 'local',
      installations: [{ namespace: 'iris-server', deployment: 'iris-server', environment: 'local' }],
      tags: [tag],
    },
  });
});

test('names the cluster as kind.yaml does and the image as infra/ does, whatever charts-out/ has', async () => {
  const kindConfig = join(project.folder, 'kind.yaml');
  await writeFile(kindConfig, (await readFile(kindConfig, 'utf8')).replace('name: rhizome', 'name: wine'));
  const app = join(project.folder, 'infra.yaml');
  await writeFile(
    app,
    (await readFile(app, 'utf8')).replace('image: iris-server:v0.1.0', 'image: team/wine:v3@sha256:' + '0'.repeat(64)),
  );
  expect(await project.start(['build', '--json'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('"image":"team/wine:v3"'),
  });
  expect((await project.calls()).at(-2)).toBe('docker build --tag team/wine:v3 .');

  await project.start(['down', '--on', 'kind']);
  expect(await project.calls()).not.toContain('kind delete cluster --name wine');
  await writeFile(kindConfig, 'name: other\n');
  expect((await project.start(['down', '--on', 'kind'])).stdout).toBe('removed kind cluster other');
});

test('Ctrl-C while kind creates the cluster ends kind, deletes the cluster, and exits 130 with one line', async () => {
  const free = await answerWith(200, '');
  await free.close();
  await project.remove();
  project = await createProject({ 'kind create cluster': 'echo Preparing nodes; exec sleep 30' }, free.port);
  const running = project.start(['up', '--on', 'kind'], { env: { KIND_NODE_IMAGE: 'node:1' } });
  running.stderr.on('data', (chunk: Buffer) => {
    if (chunk.includes('Preparing nodes')) running.kill('SIGINT');
  });
  const { exitCode, stderr } = await running;
  expect(exitCode).toBe(130);
  expect(stderr.split('\n').at(-1)).toBe('  Interrupted by SIGINT.');
  expect((await project.calls()).slice(-2)).toEqual([
    'kind create cluster --name rhizome --config kind.yaml --image node:1 --wait 120s',
    'kind delete cluster --name rhizome',
  ]);
});

test('a created cluster is recorded even if the build fails, so that down without kind fails too', async () => {
  const free = await answerWith(200, '');
  await free.close();
  await project.remove();
  project = await createProject({ 'docker build': 'exit 1' }, free.port);
  expect(await project.start(['up', '--on', 'kind'])).toMatchObject({ exitCode: 1 });
  expect(await project.calls()).toContain('kind create cluster --name rhizome --config kind.yaml --wait 120s');
  await project.uninstall('kind');
  expect((await project.start(['down'])).stderr).toContain('Cannot determine what is running on kind');
});

test('down removes the tags that up gave to images, except those of other targets', async () => {
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'kind get clusters': 'echo rhizome',
      'docker image rm r.example/other': 'echo "Error: No such image: r.example/other:v1" >&2; exit 1',
      'docker image rm used': 'echo "Error: conflict: container 12 is using it" >&2; exit 1',
    },
    service.port,
  );
  expect(await project.start(['up', '--on', 'kind', '--detach'])).toMatchObject({ exitCode: 0 });
  const file = join(project.folder, '.rhizome/applied.json');
  const applied = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
  expect(applied.kind).toMatchObject({ tags: [tag] });
  const tags = [tag, 'shared:v1', 'r.example/other:v1', 'used:v1'];
  await writeFile(file, JSON.stringify({ kind: { ...applied.kind, tags }, 'context=mine': { tags: ['shared:v1'] } }));
  const { exitCode, stdout, stderr } = await project.start(['down', '--on', 'kind']);
  expect([exitCode, stdout]).toEqual([0, `removed kind cluster rhizome\nremoved image tag ${tag}`]);
  expect(stderr).toContain('The image tag used:v1 stays on this machine: Error: conflict: container 12 is using it');
  expect(stderr).not.toContain('other:v1 stays');
  expect(await project.calls()).not.toContain('docker image rm shared:v1');
});

test('a context: loads into its kind cluster, requires an image without kind, and lists the contexts', async () => {
  await project.start(['up', '--on', 'context=kind-mine', '--detach']);
  expect(anywhere(await project.calls())).toContain('kind load image-archive /image.tar --name mine --nodes b');

  const elsewhere = await project.start(['up', '--on', 'context=staging', '--detach']);
  expect(elsewhere.exitCode).toBe(1);
  expect(elsewhere.stderr).toContain(
    'rhizome up --on context=staging --registry REGISTRY. Or an image that is there already: --image REGISTRY/NAME:TAG',
  );
  expect(elsewhere.stderr).not.toContain('$ docker build');

  const pushed = await project.start([
    'up',
    '--on',
    'context=staging',
    '--image',
    'registry.example/iris-server:v1',
    '--detach',
    '--json',
  ]);
  expect(JSON.parse(pushed.stdout)).toMatchObject({
    target: 'context=staging',
    image: 'registry.example/iris-server:v1',
  });

  const unknown = await project.start(['up', '--on', 'context=nowhere']);
  expect(unknown.exitCode).toBe(1);
  const busy = await project.start(['up', '--on', 'context=kind-mine', '--port', String(service.port)]);
  expect(busy.exitCode).toBe(1);
  expect(busy.stderr).toMatch(/✗ Port \d+ of this machine is in use.*\n.* Choose another port with --port\.$/);

  expect(unknown.stderr).toContain('✗ kubectl has no context "nowhere".\n  → It has: staging, kind-mine.');
});

test('--registry: pushes the image unless the registry has it, and applies the digest that was pushed', async () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const name = `registry.example:5000/team/${tag}`;
  const manifest = `docker manifest inspect --verbose ${name}`;
  const missing = {
    ...answers(service.port),
    'docker manifest': 'echo no such manifest >&2; exit 1',
    'docker push': `echo "${tag}: digest: ${digest} size: 1"`,
  };
  await project.remove();
  project = await createProject(missing, service.port);
  const up = ['up', '--on', 'context=staging', '--registry', 'registry.example:5000/team', '--detach', '--json'];
  const first = JSON.parse((await project.start(up)).stdout) as { image: string; steps: { step: string }[] };
  expect(first.image).toBe(`${name}@${digest}`);
  expect(first.steps.map(({ step }) => step).slice(3, 6)).toEqual([
    'Build the image',
    'Push the image',
    'Synthesize the manifests',
  ]);
  expect((await project.calls()).slice(7, 10)).toEqual([manifest, `docker tag ${tag} ${name}`, `docker push ${name}`]);
  expect(await readFile(join(project.folder, '.rhizome/charts/local.k8s.yaml'), 'utf8')).toContain(
    `image: ${name}@${digest}\n`,
  );

  await project.remove();
  project = await createProject(
    { ...missing, 'docker manifest': `echo '{"Descriptor": {"digest": "${digest}"}}'` },
    service.port,
  );
  const second = await project.start(up);
  expect(JSON.parse(second.stdout)).toMatchObject({ image: `${name}@${digest}` });
  expect(second.stderr).toContain('  - Push the image: skipped, registry.example:5000/team already has it\n');
  expect((await project.calls()).some((call) => call.startsWith('docker push'))).toBe(false);
});

test.each([
  [
    'denied: requested access to the resource is denied',
    'The registry registry.example denied the push.',
    'docker login registry.example',
  ],
  [
    'dial tcp 10.0.0.1:443: connect: connection refused',
    'The registry registry.example does not respond.',
    'that this machine can reach it',
  ],
  [
    'http: server gave HTTP response to HTTPS client',
    'The registry registry.example uses HTTP, but docker requires HTTPS.',
    'insecure-registries',
  ],
])('explains why a push failed with "%s"', async (said, message, hint) => {
  await project.remove();
  project = await createProject(
    { ...answers(service.port), 'docker manifest': 'exit 1', 'docker push': `echo "${said}" >&2; exit 1` },
    service.port,
  );
  const { exitCode, stderr } = await project.start([
    'up',
    '--on',
    'context=staging',
    '--registry',
    'registry.example',
    '--detach',
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`✗ ${message}\n    ${said}\n  → `);
  expect(stderr).toContain(hint);
  expect(await project.calls()).not.toContain(applied('staging'));
});

describe('another environment', () => {
  const app = (command: string) =>
    writeFile(join(project.folder, 'cdk8s.yaml'), JSON.stringify({ app: command, output: 'charts-out' }));
  const real = `${process.execPath} ${join(import.meta.dirname, '../../infra/main.ts')}`;
  const up = (...args: readonly string[]) => project.start(['up', '--detach', '--json', ...args]);

  test('that does not exist, or would pull a loaded image, is reported before anything is done', async () => {
    await app(real);
    const unknown = await up('--on', 'kind', '--env', 'nope');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('✗ There is no environment "nope".\n  → infra/environments.ts has local, production.'),
    ]);
    const local = await up('--env', 'nope');
    expect(local.stderr).toContain('There is no environment "nope"');
    const pulling = await up('--on', 'kind', '--env', 'production');
    expect(pulling.stderr).toMatch(/✗ The pods of the environment production pull their image .*loaded into kind\./);
    expect(await project.calls()).toEqual([]);
  });

  test('gets the pushed image, and local keeps its own', async () => {
    await app(real);
    const args = ['--on', 'context=staging', '--env', 'production', '--registry', 'r.example/team'];
    const { exitCode, stdout } = await up(...args);
    expect(exitCode).toBe(0);
    const image = `r.example/team/${tag}`;
    expect(JSON.parse(stdout)).toMatchObject({ image });
    const file = '.rhizome/charts/production.k8s.yaml';
    const calls = await project.calls();
    const apply = calls.findIndex((call) => call.includes(' apply '));
    expect(calls[apply]).toContain(` -f ${file}`);
    // Its manifests do not contain the namespace, which is missing.
    expect(calls.slice(apply - 3, apply)).toEqual([
      'kubectl --context staging --namespace iris-server get namespace/iris-server --ignore-not-found --output name',
      'kubectl --context staging create namespace iris-server',
      expect.stringMatching(
        /^kubectl .* label namespace\/iris-server .*instance=iris-server .*managed-by=rhizome .*enforce=restricted /,
      ),
    ]);
    expect(await readFile(join(project.folder, file), 'utf8')).toContain(`image: ${image}\n`);
    expect(await readFile(join(project.folder, '.rhizome/charts/local.k8s.yaml'), 'utf8')).toContain(
      'image: iris-server:v0.1.0\n',
    );
  });

  test('with an image in a registry is not built; status finds it, and another environment stays', async () => {
    const staging =
      'sed -e "s|image: .*|image: r.example/iris:v3|" -e "s/namespace: .*/namespace: flowers/" infra.yaml';
    await app(`cat infra.yaml > $CDK8S_OUTDIR/local.k8s.yaml; ${staging} > $CDK8S_OUTDIR/staging.k8s.yaml`);
    const installation = { namespace: 'iris-server', deployment: 'iris-server' };
    await mkdir(join(project.folder, '.rhizome'));
    const file = join(project.folder, '.rhizome/applied.json');
    await writeFile(file, JSON.stringify({ 'context=staging': { installations: [installation] } }));
    const { exitCode, stdout, stderr } = await up('--on', 'context=staging', '--env', 'staging');
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('docker build')]);
    expect(JSON.parse(stdout)).toMatchObject({ image: 'r.example/iris:v3' });
    expect((await project.calls()).filter((call) => call.includes(' delete '))).toEqual([]);
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({
      'context=staging': {
        environment: 'staging',
        installations: [{ namespace: 'flowers', deployment: 'iris-server', environment: 'staging' }, installation],
      },
    });
    expect(await project.start(['status', '--json'])).toMatchObject({ exitCode: 0 });
    expect((await project.calls()).findLast((call) => call.includes(' get deployments'))).toContain(
      '--namespace flowers',
    );
  });
});

test('up --watch builds and applies again after a change, and keeps watching if a model cannot be served', async () => {
  await project.remove();
  const saves = '[ -e models/iris/saved.txt ] || echo > models/iris/saved.txt';
  project = await createProject(
    { ...answers(service.port), 'kind get clusters': 'echo rhizome', 'docker build': saves },
    service.port,
  );
  const running = project.start(['up', '--on', 'kind', '--watch']);
  let output = '';
  running.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const says = async (text: string): Promise<void> => {
    const deadline = Date.now() + 30_000;
    while (!output.includes(text) && Date.now() < deadline) await sleep(20);
    expect(output).toContain(text);
    output = output.slice(output.indexOf(text) + text.length);
  };
  try {
    await says('Watching the replicas.');
    // While the first image was built.
    await says('models/iris/saved.txt changed: deploying it.');
    await says('✓ Predict');
    const file = join(project.folder, 'models/iris/model.json');
    const good = await readFile(file, 'utf8');
    await writeFile(file, good.replaceAll('"prediction": "setosa"', '"prediction": "virginica"'));
    await says('Waiting for the next change. What ran before keeps running.');
    const builds = async () => (await project.calls()).filter((call) => call.startsWith('docker build')).length;
    expect(await builds()).toBe(2);
    await writeFile(file, good);
    await says('✓ Predict');
    expect(await builds()).toBe(3);
    // What the image is made of: its Dockerfile, and what that copies.
    await writeFile(join(project.folder, 'Dockerfile'), 'FROM scratch\nCOPY settings.json ./\n');
    await says('Dockerfile changed: deploying it.');
    await says('✓ Predict');
    expect(await builds()).toBeGreaterThan(3);
    await writeFile(join(project.folder, 'settings.json'), '{}');
    await says('settings.json changed: deploying it.');
    await appendFile(join(project.folder, 'kind.yaml'), '\n');
    await says('kind.yaml changed: it applies to a new cluster. Run `rhizome down --on kind`, then `up` again.');
  } finally {
    running.kill('SIGINT');
  }
  expect(await running).toMatchObject({ exitCode: 0 });
});

test('a model whose examples fail is reported before anything is created or built', async () => {
  const file = join(project.folder, 'models/iris/model.json');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replaceAll('"prediction": "setosa"', '"prediction": "virginica"'),
  );
  const { exitCode, stderr } = await project.start(['up', '--on', 'kind', '--detach']);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /✗ models\/iris cannot be served: example 0 .*expected 'virginica', predicted 'setosa'.*\n {2}→ Nothing was built/,
  );
  expect((await project.calls()).filter((call) => !/ version /.test(`${call} `))).toEqual([]);
  const unverified = await project.start(['up', '--on', 'context=kind-mine', '--detach', '--no-verify']);
  expect(unverified.stderr).toContain('$ docker build');
  // An image is not built from the project's models.
  const given = await project.start(['up', '--on', 'context=staging', '--image', 'r.example/iris:v1', '--detach']);
  expect(given.stderr).not.toContain('cannot be served');
});

test('podman builds the image, saves it under its full name for Kubernetes, and runs the nodes of kind', async () => {
  await project.remove();
  project = await createProject(
    {
      ...answers(service.port),
      'podman image inspect': `echo '${JSON.stringify([inspected])}'`,
      'podman save': 'echo > "$3"',
      'kind get clusters': 'echo rhizome; echo "provider $KIND_EXPERIMENTAL_PROVIDER" >&2',
    },
    service.port,
  );
  const { exitCode, stderr } = await project.start(['up', '--on', 'kind', '--engine', 'podman', '--detach']);
  expect(stderr).toContain('  $ KIND_EXPERIMENTAL_PROVIDER=podman kind load image-archive /');
  expect(exitCode).toBe(0);
  expect(anywhere(await project.calls()).filter((call) => /^(podman|docker|kind) /.test(call))).toEqual([
    'kind version',
    'podman info --format {{.Version.Version}}',
    'kind get clusters',
    'podman build --tag iris-server:v0.1.0 .',
    'podman image inspect iris-server:v0.1.0',
    'podman image inspect iris-server:v0.1.0',
    `podman tag iris-server:v0.1.0 ${tag}`,
    'kind get nodes --name rhizome',
    'podman exec a ctr --namespace k8s.io images list -q',
    'podman exec b ctr --namespace k8s.io images list -q',
    `podman image inspect ${tag}`,
    `podman tag ${tag} docker.io/library/${tag}`,
    `podman save --output /image.tar docker.io/library/${tag}`,
    'podman exec a ctr --namespace k8s.io content list -q',
    'podman exec b ctr --namespace k8s.io content list -q',
    'kind load image-archive /image.tar --name rhizome --nodes a,b',
    'kind get clusters',
  ]);
  // Later commands find the container engine of the cluster themselves.
  expect((await project.start(['down', '--on', 'kind'])).stderr).toContain(
    '  $ KIND_EXPERIMENTAL_PROVIDER=podman kind delete cluster --name rhizome',
  );
});

test.each([
  [
    'kind',
    '✗ `kind` is not installed, or not on the PATH; it creates a Kubernetes cluster from containers.\n' +
      '  → Install it (https://kind.sigs.k8s.io/',
  ],
  ['docker', '✗ `docker` is not installed, or not on the PATH; it builds the image and runs the nodes of kind.\n'],
])('without %s: explains its purpose and where to get it, and does nothing', async (tool, message) => {
  await project.uninstall(tool);
  const { exitCode, stderr } = await project.start(['up', '--on', 'kind']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(message);
  expect((await project.calls()).some((call) => /create|build|apply/.test(call))).toBe(false);
});

test('reports that Docker is installed but its daemon does not respond', async () => {
  await project.remove();
  project = await createProject({ 'docker version': 'echo "Cannot connect to the Docker daemon" >&2; exit 1' });
  const { exitCode, stderr } = await project.start(['build']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(
    '✗ Docker is installed, but its daemon does not respond.\n' +
      '    Cannot connect to the Docker daemon\n  → Start Docker',
  );
});

test('predict --print-curl on a cluster: a URL that works after it, and the port-forward that it needs', async () => {
  const { exitCode, stdout, stderr } = await project.start(['predict', '--print-curl', '--on', 'context=staging']);
  expect(exitCode).toBe(0);
  // Standard output is for a shell.
  expect(stdout).toMatch(/^curl http:\/\/localhost:8080\/predictions .*$/);
  expect(stderr).toContain(
    'kubectl --context staging --namespace iris-server port-forward service/iris-server 8080:80',
  );
  expect((await project.calls()).filter((call) => call.includes('port-forward'))).toEqual([]);
});
