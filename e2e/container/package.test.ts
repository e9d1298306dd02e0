/**
 * Uses the package as a new user does: from the packed file, in an empty folder, with a model that this repository does
 * not serve and with the machine's Node, which may be older than this repository's. Needs the npm registry.
 */
import { execa } from 'execa';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { paths } from '../../service/contract/index.ts';
import { freePort } from '../suite.ts';
import {
  build,
  copyFromImage,
  docker,
  inspect,
  restricted,
  root,
  start,
  temporaryFolder,
  testWithDocker,
} from './docker.ts';
import { processors } from './processors.ts';

const minutes = 60_000;

/** The environment of a user's shell: no tools of this project on the PATH, no settings of npm or Jest. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|JEST|CI$|NODE_OPTIONS)/.test(name)),
);
env['PATH'] = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .join(delimiter);

let folder: string;
let project: string;
let initOutput: string;
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
  initOutput = stdout;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  // npx keeps what it has installed, in a folder that is named after a hash of the source.
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

test('init prints the next steps, and the plain tools type-check and synthesize the project', async () => {
  expect(initOutput).toMatch(
    new RegExp(
      'with the model in models/wine\\.\n\nNext steps:\n' +
        ' {2}npx rhizome up .*\n {2}npx rhizome up --on kind .*\n {2}npx rhizome synth ',
    ),
  );
  expect(await readdir(join(project, 'vendor'))).toEqual(['rhizome-kit-0.1.0.tgz']);
  expect(await readFile(join(project, 'models/wine/model.json'), 'utf8')).toContain(
    '"$schema": "../../node_modules/rhizome-kit/dist/onnx/signature/model.schema.json"',
  );
  await run('npx', 'tsc');
  await run('npm', 'run', 'synth');
  expect(await readFile(join(project, 'charts-out/local.k8s.yaml'), 'utf8')).toContain('image: wine-server:v0.1.0\n');
});

test("up, predict and down work in the new project, with the machine's Node", async () => {
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

testWithDocker('the image contains only the service and its model, in the same layout as ours', async () => {
  const { input, prediction } = await example();
  const image = await build({ context: project });
  expect(await inspect(image, '.Config')).toMatchObject({
    Cmd: ['node', 'service/main.js'],
    User: '10001:10001',
    WorkingDir: '/app',
    Labels: { 'org.opencontainers.image.title': 'wine-server' },
  });
  const script = [
    'ls -A',
    'find models -type f | sort',
    `find service onnx -name '*.d.ts' -o -path service/image`,
    `ls node_modules | grep -E 'cdk8s|constructs|commander|rhizome|typescript|^yaml$|^node$'`,
    'true',
  ].join('; ');
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
  await container.waitUntilReady();
  const response = await fetch(container.url + paths.predictions, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(20_000),
  });
  expect(await response.json()).toMatchObject({ prediction, model: { name: 'wine' } });
});

/** As a pod of `productionProfile` runs. */
const production = [...restricted, '--user', '10001:10001', '--memory', '512m', '--cpus', '1'];

testWithDocker('with a model of images, the image has sharp for its platform, and decodes a JPEG', async () => {
  const classifier = join(root, 'examples/image-classifier');
  await cp(join(classifier, 'models/digits'), join(project, 'models/digits'), { recursive: true });
  const { dependencies } = JSON.parse(await readFile(join(classifier, 'package.json'), 'utf8')) as {
    readonly dependencies: { readonly sharp: string };
  };
  await run('npm', 'install', '--no-audit', '--no-fund', `sharp@${dependencies.sharp}`);
  const image = await build({ context: project });
  {
    await using container = await start(production, image);
    await container.waitUntilReady();
    const response = await fetch(`${container.url}/models/digits/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: await readFile(join(classifier, 'seven.jpg')),
      signal: AbortSignal.timeout(20_000),
    });
    expect(await response.json()).toMatchObject({ prediction: 'seven', model: { name: 'digits' } });
  }
  // The last stage only copies what this one has, to a base of that platform.
  const arm64 = await build({ context: project, flags: ['--platform', 'linux/arm64', '--target', 'app'] });
  for (const [processor, built] of [
    [process.arch === 'x64' ? 'amd64' : process.arch, image],
    ['arm64', arm64],
  ] as const) {
    using copied = temporaryFolder();
    await copyFromImage(built, '/app/node_modules/@img', copied.path);
    const files = await processors(copied.path);
    expect([processor, new Set(files.values())]).toEqual([processor, new Set([processor])]);
    expect([...files.keys()].map((path) => path.split('/').at(-1)).sort()).toEqual([
      expect.stringMatching(/^libvips-cpp\.so/),
      expect.stringMatching(/^sharp-linux-.*\.node$/),
    ]);
  }
});
