/** Models outside the image: each source serves, replaces pods under load, and never a model whose examples fail. */
import { readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { execa } from 'execa';
import { archiveOf } from '../../service/download/fixtures/archive.ts';
import { expectNoFailedRequests } from './disruption.ts';
import { listReplicas } from './replicas.ts';
import {
  clusterTest,
  context,
  expectSuccess,
  isOwn,
  kindNodes,
  kubectl,
  name,
  skipReason,
  testIfSupported,
  useTestbed,
} from './testbed.ts';

let image = '';
const testbed = useTestbed(async (opened) => {
  ({ image } = await opened.up());
});
if (skipReason === undefined) {
  afterAll(async () => {
    // The next file expects no other pods, and the volume does not belong to the namespace.
    await kubectl('delete', 'namespace', name, '--timeout=100s');
    await kubectl('delete', 'persistentvolume', `${name}-models`, '--ignore-not-found', '--timeout=60s');
  });
}
const after = 12;
const folder = (path: string): string => join(testbed().project.folder, path);
const ownCluster = isOwn ? undefined : 'loads images into the nodes of its own cluster';

/** Writes a version of the model to trained/, which is in no image. */
async function train(version: string, prediction = 'setosa'): Promise<void> {
  const text = await readFile(folder('models/iris/model.json'), 'utf8');
  const model = JSON.parse(text) as { version: string; examples: { prediction: string }[] };
  const [first, ...others] = model.examples;
  const examples = [{ ...first, prediction }, ...others];
  await execa('mkdir', ['-p', folder('trained/iris')]);
  await writeFile(folder('trained/iris/model.json'), JSON.stringify({ ...model, version, examples }));
  await writeFile(folder('trained/iris/model.onnx'), await readFile(folder('models/iris/model.onnx')));
}

const environments = 'infra/environments.ts';
let current = '...localProfile,';
async function setModels(models: string): Promise<void> {
  const next = `...localProfile, kubernetesVersion: '1.35', models: ${models},`;
  await testbed().edit(environments, current, next);
  current = next;
}

/** Deploys a source under load, without a new image, and expects the version of the model that it has. */
async function deploy(source: string, models: string, version: string): Promise<void> {
  await setModels(models);
  await expectNoFailedRequests(
    testbed(),
    `new model, ${source}`,
    async () => {
      expectSuccess(await testbed().tryUp('--image', image));
    },
    after,
  );
  expect(new Set((await listReplicas()).map((replica) => replica.image))).toEqual(new Set([image]));
  const response = await fetch(`${await testbed().url()}/models/iris`);
  expect(await response.json()).toMatchObject({ version, verified: true });
}

async function pushed(): Promise<string> {
  const run = await testbed().project.rhizome('push-model', 'trained', `${name}-models`, '--on', 'kind', '--json');
  expectSuccess(run);
  return `{ image: '${(JSON.parse(run.stdout) as { reference: string }).reference}' }`;
}

clusterTest('a ConfigMap', async () => {
  await train('2');
  await deploy('ConfigMap', `{ configMap: 'trained/iris' }`, '2');
});

testIfSupported(ownCluster, 'an image of models, which push-model loads into the nodes', async () => {
  await train('3');
  await deploy('image volume', await pushed(), '3');
});

testIfSupported(ownCluster, 'a model whose examples fail never replaces the one before', async () => {
  await train('4', 'virginica');
  const bad = await testbed().project.rhizome('push-model', 'trained', `${name}-models`, '--on', 'kind');
  expect([bad.exitCode, bad.stderr]).toEqual([1, expect.stringContaining('models/iris cannot be served')]);
  const { stdout } = await testbed().project.rhizome(
    ...['push-model', 'trained', `${name}-models`, '--on', 'kind', '--json', '--no-verify'],
  );
  const before = (await listReplicas()).map(({ pod }) => pod).toSorted();
  const good = current;
  await setModels(`{ image: '${(JSON.parse(stdout) as { reference: string }).reference}' }`);
  await expectNoFailedRequests(testbed(), 'a model whose examples fail', async () => {
    const run = await testbed().tryUp('--image', image);
    expect([run.exitCode, run.stderr]).toEqual([1, expect.stringContaining('2 replicas of the previous version')]);
  });
  const ready = (await listReplicas()).filter((replica) => replica.ready).map(({ pod }) => pod);
  expect(ready.toSorted()).toEqual(before);
  await testbed().edit(environments, current, good);
  current = good;
});

clusterTest('a download from a Service of the cluster, through the NetworkPolicy', async () => {
  await train('5');
  const files = await Promise.all(
    ['model.json', 'model.onnx'].map(async (file) => ({
      path: `iris/${file}`,
      content: await readFile(folder(`trained/iris/${file}`)),
    })),
  );
  const archive = archiveOf(files);
  const sha256 = createHash('sha256').update(archive).digest('hex');
  await serve(archive);
  const url = `http://files.${name}.svc:9000/iris.tar.gz`;
  await deploy('download', `{ url: '${url}', sha256: '${sha256}', secret: 'files', privateNetwork: true }`, '5');
});

const serverProgram = `
  const file = Buffer.from(process.env.FILE, 'base64');
  require('node:http').createServer(({ headers }, response) => {
    if (headers.authorization === 'Bearer hush') response.end(file);
    else response.writeHead(401).end();
  }).listen(9000);
  process.on('SIGTERM', () => process.exit(0));
`;

/** Runs a server in the cluster that hands a file out to whoever has the token. */
async function serve(file: Buffer): Promise<void> {
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const objects = [
    { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'files' }, stringData: { token: 'hush' } },
    {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { name: 'files', labels: { app: 'files' } },
      spec: {
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'files',
            image,
            imagePullPolicy: 'Never',
            command: ['node', '-e', serverProgram],
            env: [{ name: 'FILE', value: file.toString('base64') }],
            securityContext: security,
            readinessProbe: { tcpSocket: { port: 9000 }, periodSeconds: 1 },
          },
        ],
      },
    },
    {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: { name: 'files' },
      spec: { selector: { app: 'files' }, ports: [{ port: 9000 }] },
    },
  ];
  const input = JSON.stringify({ kind: 'List', apiVersion: 'v1', items: objects });
  await execa('kubectl', ['--context', context, '--namespace', name, 'apply', '--filename', '-'], {
    input,
    timeout: 60_000,
  });
  await kubectl('wait', 'pod/files', '--for=condition=Ready', '--timeout=100s');
}

testIfSupported(ownCluster, 'a claim, of a volume that every node has', async () => {
  await train('6');
  for (const node of await kindNodes()) {
    await execa('docker', ['exec', node, 'mkdir', '-p', '/var/models/releases']);
    await execa('docker', ['cp', folder('trained'), `${node}:/var/models/releases/6`]);
  }
  const storage = { storageClassName: '', accessModes: ['ReadOnlyMany'] };
  const objects = [
    {
      kind: 'PersistentVolume',
      apiVersion: 'v1',
      metadata: { name: `${name}-models` },
      spec: {
        ...storage,
        capacity: { storage: '1Gi' },
        hostPath: { path: '/var/models' },
        claimRef: { name: 'models', namespace: name },
      },
    },
    {
      kind: 'PersistentVolumeClaim',
      apiVersion: 'v1',
      metadata: { name: 'models', namespace: name },
      spec: { ...storage, volumeName: `${name}-models`, resources: { requests: { storage: '1Gi' } } },
    },
  ];
  const input = JSON.stringify({ kind: 'List', apiVersion: 'v1', items: objects });
  await execa('kubectl', ['--context', context, 'apply', '--filename', '-'], { input, timeout: 60_000 });
  await deploy('claim', `{ claim: 'models', path: 'releases/6' }`, '6');
});
