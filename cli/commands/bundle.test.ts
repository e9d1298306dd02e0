import { createHash } from 'node:crypto';
import { readFile, symlink, writeFile } from 'node:fs/promises';
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
  expect(script).toContain("--registry 'https://registry.example/npm/'");
  expect(script).toContain(`up --on kind --image '${tag}'`);
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
