/**
 * As somebody else begins: the package as a file, an empty folder, a model that this repository does not serve, and the Node
 * of the machine, which may be older than ours. Needs the npm registry.
 */
import { execa } from 'execa';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { paths } from '../../service/contract/index.ts';
import { freePort } from '../suite.ts';
import { build, docker, inspect, root, start, testWithDocker } from './docker.ts';

const minutes = 60_000;

/** What a person's shell has: neither this project's tools on the PATH, nor settings of npm or of this test runner. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|JEST|CI$|NODE_OPTIONS)/.test(name)),
);
env['PATH'] = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .join(delimiter);

let folder: string;
let project: string;
let said: string;
const run = (file: string, ...args: readonly string[]) =>
  execa(file, args, { cwd: project, env, extendEnv: false, stdin: 'ignore', timeout: 8 * minutes });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-elsewhere-'));
  project = join(folder, 'shop');
  await mkdir(project);
  await execa('npm', ['pack', '--pack-destination', folder], { cwd: root, timeout: 2 * minutes });
  await cp(join(root, 'onnx/fixtures/wine.onnx'), join(folder, 'wine.onnx'));
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  const { stdout } = await run(
    'npx',
    '--yes',
    '--package',
    join('..', tarball),
    'rhizome',
    'init',
    '--model',
    '../wine.onnx',
  );
  said = stdout;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  // npx keeps what it installs, under a hash of where it came from.
  const { stdout: cache } = await execa('npm', ['config', 'get', 'cache'], { timeout: minutes });
  for (const entry of await readdir(join(cache, '_npx')).catch(() => [])) {
    const kept = await readFile(join(cache, '_npx', entry, 'package-lock.json'), 'utf8').catch(() => '');
    if (kept.includes(folder.slice(folder.lastIndexOf('/') + 1)))
      await rm(join(cache, '_npx', entry), { recursive: true });
  }
});

interface Example {
  readonly input: Readonly<Record<string, number>>;
  readonly prediction: string;
}
const example = async (): Promise<Example> => {
  const { examples } = JSON.parse(await readFile(join(project, 'models/wine/model.json'), 'utf8')) as {
    examples: [Example];
  };
  return examples[0];
};

test('init says what comes next, and the project type-checks and synthesizes with the plain tools', async () => {
  expect(said).toMatch(
    /the model is models\/wine\.\n\nNext\n {2}npx rhizome up .*\n {2}npx rhizome up --on kind .*\n {2}npx cdk8s synth /,
  );
  expect(await readdir(join(project, 'vendor'))).toEqual(['rhizome-kit-0.1.0.tgz']);
  expect(await readFile(join(project, 'models/wine/model.json'), 'utf8')).toContain(
    '"$schema": "../../node_modules/rhizome-kit/dist/onnx/signature/model.schema.json"',
  );
  await run('npx', 'tsc');
  await run('npx', 'cdk8s', 'synth');
  expect(await readFile(join(project, 'charts-out/local.k8s.yaml'), 'utf8')).toContain('image: wine-server:v0.1.0\n');
});

test('up, predict and down work there, on the Node that the project has', async () => {
  const { prediction } = await example();
  const port = await freePort();
  try {
    const { stdout } = await run(
      'npx',
      'rhizome',
      'up',
      '--detach',
      '--json',
      '--port',
      String(port),
      '--grpc-port',
      String(await freePort()),
    );
    expect(JSON.parse(stdout)).toMatchObject({
      url: `http://localhost:${port}`,
      answer: { prediction, model: { name: 'wine' } },
    });
    expect(JSON.parse((await run('npx', 'rhizome', 'predict')).stdout)).toMatchObject({ prediction });
    expect(JSON.parse((await run('npx', 'rhizome', 'status', '--json')).stdout)).toMatchObject({ wanted: 2, ready: 2 });
  } finally {
    expect((await run('npx', 'rhizome', 'down')).stdout).toContain('2 replicas');
  }
});

testWithDocker('the image holds the service and its model, in our layout, and nothing else', async () => {
  const { input, prediction } = await example();
  const image = await build({ context: project });
  expect(await inspect(image, '.Config')).toMatchObject({
    Cmd: ['node', 'service/main.js'],
    User: '10001:10001',
    WorkingDir: '/app',
    Labels: { 'org.opencontainers.image.title': 'wine-server' },
  });
  const script = `ls -A; find models -type f | sort; find service onnx -name '*.d.ts' -o -name image; ls node_modules | grep -E 'cdk8s|constructs|commander|rhizome|typescript|^yaml$|^node$'; true`;
  expect((await docker(['run', '--rm', image, 'bash', '-c', script])).split('\n')).toEqual([
    'models',
    'node_modules',
    'onnx',
    'package.json',
    'service',
    'models/wine/model.json',
    'models/wine/model.onnx',
  ]);

  await using container = await start(['--read-only'], image);
  await container.ready();
  const response = await fetch(container.url + paths.predictions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(20_000),
  });
  expect(await response.json()).toMatchObject({ prediction, model: { name: 'wine' } });
});
