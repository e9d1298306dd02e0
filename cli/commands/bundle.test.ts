import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { createProject, type Project } from '../fixtures/project.ts';
import { contentHash } from '../images/content-tag.ts';

// e2e/container/bundle.test.ts runs a bundle without any network.

const inspected = { Os: 'linux', Architecture: 'amd64', Size: 1, RootFS: { Layers: ['sha256:1'] }, Config: {} };
const tag = `iris-server:v0.1.0-${contentHash(inspected)}`;

let project: Project;
beforeEach(async () => {
  project = await createProject({
    'docker image inspect': `echo '${JSON.stringify([inspected])}'`,
    'docker container inspect': `echo kindest/node:v1.36.0@sha256:${'a'.repeat(64)}`,
    'docker version --format {{.Client.APIVersion}}': 'echo 1.40',
    'docker save': 'echo image > "$3"',
    'npm ci': 'mkdir -p "$3" && echo packages > "$3/index"',
    'npm config get registry': 'echo https://registry.example/npm/',
  });
  for (const name of ['tar', 'mkdir']) {
    const { stdout } = await execa('sh', ['-c', `command -v ${name}`]);
    await symlink(stdout, join(project.folder, 'bin', name));
  }
});
afterEach(() => project.remove());

/** Unpacks the archive. */
async function unpacked(): Promise<string> {
  await execa('tar', ['-xf', 'rhizome.tar'], { cwd: project.folder });
  return join(project.folder, 'rhizome');
}

/** Bundles the project without images, and unpacks its files. */
async function bundledFiles(): Promise<{ folder: string; files: readonly string[]; stderr: string }> {
  const { exitCode, stderr } = await project.start(['bundle', '--local']);
  expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
  const folder = join(await unpacked(), 'project');
  await mkdir(folder);
  await execa('tar', ['-xf', '../project.tar'], { cwd: folder });
  const { stdout } = await execa('tar', ['-tf', '../project.tar'], { cwd: folder });
  return { folder, files: stdout.split('\n').filter((path) => !path.endsWith('/')), stderr };
}

test('packs the project, a cache of npm, the image and that of the nodes, with checksums and a script', async () => {
  await writeFile(join(project.folder, '.env'), 'SECRET=1');
  const { exitCode, stdout, stderr } = await project.start(['bundle', '--json']);
  expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
  expect(JSON.parse(stdout)).toMatchObject({ file: 'rhizome.tar', image: tag, nodeImage: 'kindest/node:v1.36.0' });
  const calls = (await project.calls()).filter((call) => /save|tag|build|npm ci/.test(call));
  expect(calls.map((call) => call.replaceAll(/\S+\/\.rhizome\//g, ''))).toEqual([
    `docker tag kindest/node:v1.36.0@sha256:${'a'.repeat(64)} kindest/node:v1.36.0`,
    'docker build --tag iris-server:v0.1.0 .',
    `docker tag iris-server:v0.1.0 ${tag}`,
    `docker save --output bundle/rhizome/image.tar ${tag}`,
    'docker save --output bundle/rhizome/node-image.tar kindest/node:v1.36.0',
    'npm ci --cache bundle/npm-cache --no-audit --no-fund --no-update-notifier',
  ]);

  const folder = await unpacked();
  const lines = (await readFile(join(folder, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  const files = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  expect([...files.keys()]).toEqual([
    'README.md',
    'charts/local.k8s.yaml',
    'image.tar',
    'node-image.tar',
    'npm-cache.tar',
    'project.tar',
    'up',
  ]);
  for (const [name, sum] of files)
    expect(
      createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex'),
    ).toBe(sum);
  expect(await readFile(join(folder, 'charts/local.k8s.yaml'), 'utf8')).toContain(`image: ${tag}\n`);
  const script = await readFile(join(folder, 'up'), 'utf8');
  expect(script).toContain('--registry https://registry.example/npm/ ');
  expect(script).toContain(`up --on kind --image ${tag} `);
  expect(script).toContain('cluster=rhizome\n');
  expect(script).not.toContain('{{');
  expect((await execa('sh', ['-n', join(folder, 'up')], { reject: false })).stderr).toBe('');
  const { stdout: packed } = await execa('tar', ['-tf', join(folder, 'project.tar')]);
  expect(packed).toContain('./models/iris/model.onnx');
  expect(packed).not.toMatch(/\.env|node_modules|\.rhizome/);
});

test('--local leaves out the images, and needs no container engine', async () => {
  await project.uninstall('docker');
  const { exitCode, stdout } = await project.start(['bundle', '--local', '--output', 'rhizome.tar']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^rhizome\.tar, \d+ MB\nOn the other machine: tar -xf rhizome\.tar && rhizome\/up$/);
  const sums = await readFile(join(await unpacked(), 'SHA256SUMS'), 'utf8');
  expect(sums).toContain('project.tar');
  expect(sums).not.toContain('image.tar');
});

test('says how to name the image of the nodes if there is no cluster, before anything is built', async () => {
  await project.remove();
  project = await createProject({ 'docker container inspect': 'echo "No such container" >&2; exit 1' });
  const { exitCode, stderr } = await project.start(['bundle']);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('✗ The image of the nodes of kind is not known.');
  expect(stderr).toContain('--node-image or KIND_NODE_IMAGE');
  expect((await project.calls()).filter((call) => call.startsWith('docker build'))).toEqual([]);
});

test('packs no credentials of npm, and no file that may hold a secret; says what it packs', async () => {
  const { folder } = project;
  await writeFile(
    join(folder, '.npmrc'),
    'onnxruntime-node-install=skip\n@team:registry=https://me:S3CRET@npm.example/team/\n' +
      '//npm.example/:_authToken=S3CRET\n //npm.example/team/:_password = "S3CRET"\n_auth=S3CRET\n' +
      '# //npm.example/:_authToken=S3CRET\n//npm.example/:username=S3CRET\nkey="S3CRET"\n' +
      'https-proxy=http://a:S3CRET@b/\n',
  );
  await mkdir(join(folder, 'secrets'));
  for (const path of ['prod.env', '.envrc', 'tls.pem', 'kubeconfig.yaml', 'secrets/api'])
    await writeFile(join(folder, path), 'S3CRET');
  const { files, stderr, ...unpackedTo } = await bundledFiles();
  expect(await readFile(join(unpackedTo.folder, '.npmrc'), 'utf8')).toBe(
    'onnxruntime-node-install=skip\n@team:registry=https://npm.example/team/\nhttps-proxy=http://b/\n',
  );
  expect(files.filter((path) => /env|pem|kubeconfig|secrets/.test(path))).toEqual([]);
  expect(stderr).toMatch(/\d+ files of the project: \.npmrc, .*cdk8s\.yaml, charts-out\/, .*models\//);
  expect(stderr).toContain('This is not a git repository, so all files are packed.');
  expect(stderr).toMatch(/Left out, since they may hold secrets: .*kubeconfig\.yaml.*secrets\/api/);
});

test.each(['echo https://me:S3CRET@npm.example/', 'echo "The registry option is protected" >&2; exit 1'])(
  "refuses credentials in the address of npm's registry, which npm writes into its cache: %s",
  async (answer) => {
    await project.remove();
    project = await createProject({ 'npm config get registry': answer });
    const { exitCode, stderr } = await project.start(['bundle', '--local']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("✗ The address of npm's registry contains a user name or a password");
    expect(stderr).not.toContain('S3CRET');
  },
);

test('packs what git does not ignore, and what was committed even if it may be a secret', async () => {
  const { stdout: git } = await execa('sh', ['-c', 'command -v git']);
  await symlink(git, join(project.folder, 'bin/git'));
  for (const path of ['company.pem', '.env', 'own.pem', 'ignored.json', 'new.json'])
    await writeFile(join(project.folder, path), '');
  await writeFile(join(project.folder, '.gitignore'), '/ignored.json\n/bin/\n');
  await execa('git', ['init', '--quiet'], { cwd: project.folder });
  await execa('git', ['add', 'company.pem', '.env', '.gitignore'], { cwd: project.folder });
  const { files, stderr } = await bundledFiles();
  expect(files).toEqual(expect.arrayContaining(['./company.pem', './new.json', './models/iris/model.onnx']));
  expect(files.filter((path) => /own\.pem|\.env|ignored|\.git\/|bin\//.test(path))).toEqual([]);
  expect(stderr).not.toContain('This is not a git repository');
  expect(stderr).toContain('Left out, since they may hold secrets: own.pem');
});

test('does not pack the archive of an earlier time', async () => {
  await writeFile(join(project.folder, 'rhizome.tar'), 'large');
  expect((await bundledFiles()).files).not.toContain('./rhizome.tar');
});

test('a link within the project stays one; what another link leads to is packed in its place', async () => {
  const model = join(project.folder, 'models/iris/model.onnx');
  await symlink('model.onnx', join(project.folder, 'models/iris/same.onnx'));
  await symlink(model, join(project.folder, 'models/iris/copied.onnx'));
  await symlink('nowhere', join(project.folder, 'broken'));
  const { folder, files } = await bundledFiles();
  expect(await readlink(join(folder, 'models/iris/same.onnx'))).toBe('model.onnx');
  await rm(model);
  expect((await readFile(join(folder, 'models/iris/copied.onnx'))).length).toBeGreaterThan(100);
  expect(files).not.toContain('./broken');
});

test('up installs again after an installation that failed, and not after one that succeeded', async () => {
  const { folder } = await bundledFiles();
  const bin = join(folder, '../bin');
  await mkdir(bin);
  const stub = async (name: string, line: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  };
  const env = { PATH: `${bin}:${process.env['PATH']}` };
  const up = () => execa(join(folder, '../up'), { env, reject: false, all: true, timeout: 30_000 });
  await stub('npx', 'echo "npx $*"');
  await stub('npm', 'mkdir -p node_modules; echo installing; exit 1');
  expect(await up()).toMatchObject({ exitCode: 1, all: expect.stringContaining('installing') });
  await stub('npm', 'echo installing');
  expect(await up()).toMatchObject({ exitCode: 0, all: expect.stringMatching(/installing\nnpx --offline rhizome up/) });
  expect(await up()).toMatchObject({ exitCode: 0, all: expect.not.stringContaining('installing') });

  await stub('node', 'echo plan9/mips');
  expect((await up()).all).toContain('but this machine is plan9/mips.');
});
