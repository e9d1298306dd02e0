import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { ownPackageJson } from '../own-package.ts';
import { dockerfileOf } from './dockerfile.ts';
import { scaffoldFiles } from './files.ts';
import { includeWeights } from './ignore-files.ts';
import { mergePackageJson } from './package-json.ts';
import { scaffold } from './scaffold.ts';

const repository = join(import.meta.dirname, '../..');
const spec = 'file:vendor/rhizome-kit-0.1.0.tgz';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-init-'));
});
afterEach(() => rm(folder, { recursive: true }));

const set = (options: { force?: boolean; dockerfile?: string } = {}) =>
  scaffold(folder, { name: 'wine', vendored: true, spec, force: false, ...options });
const read = (path: string) => readFile(join(folder, path), 'utf8');
const json = async (path: string) => JSON.parse(await read(path)) as Record<string, Record<string, unknown>>;
const write = async (path: string, content: string) => {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), content);
};

describe('an empty folder', () => {
  test('gets every file, named after the model, and no changes the second time', async () => {
    const { written, kept } = await set();
    expect(written.toSorted()).toEqual([
      '.containerignore',
      '.dockerignore',
      '.gitignore',
      '.npmrc',
      'Dockerfile',
      'cdk8s.yaml',
      'infra/environments.ts',
      'infra/main.ts',
      'kind.yaml',
      'package.json',
      'tsconfig.json',
    ]);
    expect(kept).toEqual([]);
    expect(await read('infra/environments.ts')).toContain(`const image = 'wine-server:v0.1.0';`);
    expect(await read('Dockerfile')).toContain('COPY vendor ./vendor\n');
    for (const path of written)
      expect([path, await read(path)]).toEqual([path, expect.not.stringMatching(/\{\{|iris/)]);
    expect(await set()).toEqual({ spec, written: [], changed: [], kept: [] });
  });

  test('depends on the versions that this repository is tested with, and allows few install scripts', async () => {
    await set();
    const { devDependencies, peerDependencies } = ownPackageJson();
    expect(await json('package.json')).toMatchObject({
      name: 'wine',
      type: 'module',
      dependencies: { 'rhizome-kit': spec, 'onnxruntime-node': peerDependencies['onnxruntime-node'] },
      devDependencies: Object.fromEntries(
        ['node', 'cdk8s', 'cdk8s-plus-27', 'constructs', 'typescript', '@types/node'].map((name) => [
          name,
          devDependencies[name],
        ]),
      ),
      allowScripts: { node: true, 'onnxruntime-node': false, protobufjs: false },
    });
    expect(await read('.npmrc')).toMatch(/^#.*\nloglevel=error\nonnxruntime-node-install=skip\n$/);
  });
});

describe('a repository', () => {
  const own = {
    name: 'shop',
    scripts: { start: 'node shop.js', test: 'jest' },
    devDependencies: { typescript: '5.9.0' },
    allowScripts: { sharp: true },
  };
  beforeEach(async () => {
    await write('package.json', JSON.stringify(own, null, 4));
    await write('.gitignore', 'secrets\nnode_modules/');
    await write('.npmrc', 'save-exact=true\n');
    await write('Dockerfile', 'FROM scratch\n');
  });

  test('keeps its entries, lines and files, and reports what they must contain', async () => {
    const { written, changed, kept } = await set();
    expect(kept.map(({ path }) => path)).toEqual(['package.json', 'Dockerfile']);
    expect(written).not.toEqual(expect.arrayContaining(['package.json']));
    expect(changed.map(({ path, how }) => `${path}: ${how}`)).toEqual([
      expect.stringMatching(/^package\.json: added scripts\.synth, scripts\.types, .*devDependencies\.node, .*/),
      '.npmrc: added onnxruntime-node-install=skip',
      '.gitignore: added /.rhizome/',
    ]);
    expect(changed[0]!.how).toContain('npm now runs your scripts (start, test) with Node 24 too');
    expect(kept[0]!.needs).toBe('These entries keep your values: scripts.start, devDependencies.typescript.');
    expect(await json('package.json')).toMatchObject({
      name: 'shop',
      scripts: { start: 'node shop.js', synth: 'rhizome synth' },
      devDependencies: { typescript: '5.9.0' },
      allowScripts: { sharp: true, node: true },
    });
    expect(await read('package.json')).toContain('\n    "name": "shop"');
    expect(await read('.gitignore')).toBe('secrets\nnode_modules/\n/.rhizome/\n');
    expect(await read('.npmrc')).toBe('save-exact=true\nonnxruntime-node-install=skip\n');
    expect(await read('Dockerfile')).toBe('FROM scratch\n');
  });

  test('with --dockerfile gets another Dockerfile, whose ignore files have its name', async () => {
    await write('.dockerignore', 'node_modules\n');
    const { kept } = await set({ dockerfile: 'Dockerfile.rhizome' });
    expect(kept.map(({ path }) => path)).toEqual(['package.json']);
    expect(await read('Dockerfile')).toBe('FROM scratch\n');
    expect(await read('.dockerignore')).toBe('node_modules\n');
    expect(await read('Dockerfile.rhizome')).toContain('docker build --file Dockerfile.rhizome --tag wine-server');
    expect(await read('Dockerfile.rhizome.dockerignore')).toContain('!vendor/*.tgz');
    expect(await json('package.json')).toMatchObject({ rhizome: { dockerfile: 'Dockerfile.rhizome' } });
    expect(dockerfileOf(folder)).toBe('Dockerfile.rhizome');
    expect(await includeWeights(folder, 'models/wine', ['weights.bin'])).toEqual([
      'Dockerfile.rhizome.dockerignore',
      'Dockerfile.rhizome.containerignore',
    ]);
  });

  test('that installs the CUDA libraries of the ONNX runtime keeps its setting', async () => {
    await write('.npmrc', 'onnxruntime-node-install = cuda12\n');
    await set();
    expect(await read('.npmrc')).toBe('onnxruntime-node-install = cuda12\n');
  });

  test('with CommonJS modules still gets ES modules in infra/', async () => {
    await set();
    expect(await json('infra/package.json')).toEqual({ type: 'module' });
  });

  test('--force replaces files, but merges package.json, .npmrc and .gitignore', async () => {
    const { kept } = await set({ force: true });
    expect(kept.map(({ path }) => path)).toEqual(['package.json']);
    expect(await read('Dockerfile')).toContain('service/main.js');
    expect(await json('package.json')).toMatchObject({ scripts: { test: 'jest' } });
  });

  test('an invalid package.json is an error, and nothing is written', async () => {
    await write('package.json', '{');
    await expect(set()).rejects.toThrow('package.json is not valid JSON');
    expect((await readdir(folder)).toSorted()).toEqual(['.gitignore', '.npmrc', 'Dockerfile', 'package.json']);
  });
});

test.each([
  ['file:../rhizome-kit-0.1.0.tgz', spec],
  ['/home/me/rhizome-kit-0.1.0.tgz', spec],
  ['^0.1.0', '^0.1.0'],
  ['file:vendor/rhizome-kit-0.0.9.tgz', spec],
])('a dependency on Rhizome as %s becomes %s, because the image only contains files of the project', (from, to) => {
  const { text } = mergePackageJson(
    JSON.stringify({ dependencies: { 'rhizome-kit': from } }),
    'wine',
    ownPackageJson(),
    spec,
  );
  expect((JSON.parse(text) as { dependencies: Record<string, string> }).dependencies['rhizome-kit']).toBe(to);
});

test('a project gets the same files as this repository, with another name', async () => {
  const files = new Map(scaffoldFiles({ name: 'iris', vendored: false }).map(({ path, content }) => [path, content]));
  const ours = (path: string) => readFile(join(repository, path), 'utf8');
  expect(parse(files.get('cdk8s.yaml')!)).toEqual(parse(await ours('cdk8s.yaml')));
  expect(parse(files.get('kind.yaml')!)).toEqual({ ...(parse(await ours('kind.yaml')) as object), name: 'iris' });
  // Starts at the first statement.
  const body = (source: string) => source.slice(source.indexOf('const '));
  expect(body(files.get('infra/main.ts')!)).toBe(body(await ours('infra/main.ts')));
  expect(files.get('infra/environments.ts')!.match(/^ {4}(local|production): .*$/gm)).toEqual(
    (await ours('infra/environments.ts')).match(/^ {4}(local|production): .*$/gm),
  );
  const node = (source: string) => /^ARG NODE_IMAGE=.*$/m.exec(source)?.[0];
  expect(node(files.get('Dockerfile')!)).toBe(node(await ours('Dockerfile')));
  expect(files.get('Dockerfile')).not.toContain('vendor');
});

test('the last stage of the Dockerfile is the same as that of this repository', async () => {
  await set();
  // A Dockerfile cannot import another, so the last stage exists twice. Only names differ.
  const lastStage = (text: string) =>
    text
      .slice(text.lastIndexOf('\nFROM '))
      .split('\n')
      .filter((line) => !/^\s*(#|$)|licenses|image\.(title|description)/.test(line))
      .map((line) => line.replace('main.ts', 'main.js'));
  expect(lastStage(await read('Dockerfile'))).toEqual(
    lastStage(await readFile(join(repository, 'Dockerfile'), 'utf8')),
  );
});
