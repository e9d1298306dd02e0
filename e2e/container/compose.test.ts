import { randomUUID } from 'node:crypto';
import { appendFile, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { cleanUpAtEnd } from '../cleanup.ts';
import type { ConfigMap, Deployment } from '../../cli/kubernetes.ts';
import { variables } from '../../service/contract/index.ts';
import {
  docker,
  inspect,
  irisImage,
  predict,
  root,
  temporaryFolder,
  testWithDocker,
  waitUntil,
  waitUntilReady,
} from './docker.ts';

interface ComposeFile {
  readonly services: Readonly<
    Record<
      'iris-server',
      {
        readonly image: string;
        readonly ports: string[];
        readonly restart: string;
        readonly stop_grace_period: string;
        readonly environment: Readonly<Record<string, string>>;
        readonly deploy: {
          readonly resources: { readonly limits: { readonly cpus: string; readonly memory: string } };
        };
      }
    >
  >;
}

interface ComposeProject extends AsyncDisposable {
  /** The folder that Compose works in. It is a copy of the repository's files, because the tests edit them. */
  readonly folder: string;
  compose(...args: string[]): Promise<string>;
  url(): Promise<string>;
}

/**
 * Sets up a project with compose files of this repository, the image under test, and a free port instead of 8080.
 * @param settings further settings of the service iris-server, as YAML
 */
async function createProject(files: readonly string[], settings = ''): Promise<ComposeProject> {
  const folder = temporaryFolder();
  for (const name of [...files, 'service', 'onnx', 'models'])
    await cp(join(root, name), join(folder.path, name), { recursive: true });
  const override = `image: '${await irisImage()}', ports: !override ['127.0.0.1::8000'], ${settings}`;
  await writeFile(join(folder.path, 'override.yaml'), `services: { iris-server: { ${override} } }\n`);

  const name = `rhizome-test-${randomUUID().slice(0, 8)}`;
  cleanUpAtEnd('docker', 'compose', '--project-name', name, 'down', '--volumes', '--timeout', '1');
  const flags = ['compose', '--project-name', name, ...[...files, 'override.yaml'].flatMap((file) => ['--file', file])];
  const compose = (...args: string[]): Promise<string> => docker([...flags, ...args], { cwd: folder.path });
  return {
    folder: folder.path,
    compose,
    url: async () => `http://${await compose('port', 'iris-server', '8000')}`,
    [Symbol.asyncDispose]: async () => {
      await compose('down', '--volumes', '--timeout', '1');
      folder[Symbol.dispose]();
    },
  };
}

test("the compose file publishes ports on this machine only, and has the service's grace period", async () => {
  const { services } = parse(await readFile(join(root, 'docker-compose.yaml'), 'utf8')) as ComposeFile;
  const server = services['iris-server'];
  expect(server.image).toBe('iris-server:v0.1.0');
  expect(server.ports).toEqual(['127.0.0.1:8080:8000', '127.0.0.1:8001:8001']);
  expect(server.restart).toBe('unless-stopped');
  expect(server.stop_grace_period).toBe(`${variables.GRACE_PERIOD_SECONDS.default}s`);
});

test('the compose file sets the same limits, heap size and ports as the local manifests', async () => {
  const { services } = parse(await readFile(join(root, 'docker-compose.yaml'), 'utf8')) as ComposeFile;
  const chart = parseAllDocuments(await readFile(join(root, 'charts-out/local.k8s.yaml'), 'utf8')).map(
    (document) => document.toJS() as Deployment | ConfigMap,
  );
  const deployment = chart.find((object): object is Deployment => object.kind === 'Deployment');
  const limits = deployment?.spec.template.spec.containers[0]?.resources?.limits;
  const { cpus, memory } = services['iris-server'].deploy.resources.limits;
  // What Docker calls M, Kubernetes calls Mi.
  expect({ cpu: cpus, memory: `${memory}i` }).toEqual({ cpu: limits?.cpu, memory: limits?.memory });
  const settings = chart.find((object): object is ConfigMap => object.kind === 'ConfigMap')?.data;
  expect(services['iris-server'].environment).toEqual({
    NODE_OPTIONS: settings?.NODE_OPTIONS,
    GRPC_PORT: settings?.GRPC_PORT,
    MANAGEMENT_PORT: settings?.MANAGEMENT_PORT,
    PUBLIC_PROBES: settings?.PUBLIC_PROBES,
  });
});

testWithDocker('compose up waits until the service is healthy and applies its limits; down removes it', async () => {
  await using iris = await createProject(['docker-compose.yaml']);
  await iris.compose('up', '--detach', '--wait', '--wait-timeout', '60');
  expect((await predict(await iris.url())).prediction).toBe('setosa');

  const id = await iris.compose('ps', '--quiet');
  expect(await inspect<string>(id, '.State.Health.Status')).toBe('healthy');
  expect(await inspect<object>(id, '.HostConfig')).toMatchObject({
    Memory: 512 * 1024 ** 2,
    NanoCpus: 1e9,
    PidsLimit: 256,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    RestartPolicy: { Name: 'unless-stopped' },
  });

  await iris.compose('down');
  expect(await iris.compose('ps', '--all', '--quiet')).toBe('');
  expect(await docker(['ps', '--all', '--quiet', '--filter', `id=${id}`])).toBe('');
});

testWithDocker('compose up fails if the service is alive but never ready', async () => {
  const noModel = `environment: { MODELS_DIR: /tmp }, healthcheck: { interval: 1s, start_period: 0s }`;
  await using iris = await createProject(['docker-compose.yaml'], noModel);
  await expect(iris.compose('up', '--detach', '--wait', '--wait-timeout', '60')).rejects.toThrow('is unhealthy');
});

testWithDocker(
  'with compose.dev.yaml, editing a model or the service restarts the service; its compile cache survives down',
  async () => {
    await using iris = await createProject(['docker-compose.yaml', 'compose.dev.yaml']);
    await iris.compose('up', '--detach', '--wait', '--wait-timeout', '60');
    const url = await iris.url();
    expect((await predict(url)).model.version).toBe('1');

    const file = join(iris.folder, 'models/iris/model.json');
    await writeFile(file, JSON.stringify({ ...(JSON.parse(await readFile(file, 'utf8')) as object), version: '2' }));
    await waitUntil('the edited model is served', async () => (await predict(url)).model.version === '2');

    await appendFile(join(iris.folder, 'service/serve.ts'), `\nconsole.log('edited');\n`);
    await waitUntil('the edited service runs', async () => (await iris.compose('logs')).includes('edited'));
    await waitUntilReady(url, () => iris.compose('logs'));

    await iris.compose('down');
    await iris.compose('up', '--detach', '--no-start');
    expect(await iris.compose('run', '--rm', '--no-deps', 'iris-server', 'ls', '/var/tmp/compile-cache')).toMatch(
      /^v24/,
    );
  },
);
