import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createProject, type Answers, type Project } from '../fixtures/project.ts';

// Checks the exact calls of the engine, and what becomes of its answers.

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const inspected = JSON.stringify([
  { Os: 'linux', Architecture: 'arm64', Variant: 'v8', Size: 1e6, RootFS: { Layers: [] }, Config: {} },
]);
const pushing: Answers = {
  'docker image inspect': `echo '${inspected}'`,
  'docker push': `echo "v0.1.0: digest: ${digest} size: 1"`,
};

let project: Project | undefined;
afterEach(() => project?.remove());

test('build --push records digest and platform; images that were recorded before stay', async () => {
  project = await createProject(pushing);
  const name = 'registry.example:5000/team/iris-server:v0.1.0';
  const push = ['build', '--push', '--registry', 'registry.example:5000/team'];
  const { exitCode, stdout, stderr } = await project.start(push);
  expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('✗')]);
  expect(stdout.split('\n')).toEqual([
    `${name}@${digest}`,
    'Recorded in infra/images.json.',
    `Next: set the image of production to '${name}' in infra/environments.ts.`,
    'Then: rhizome synth, and commit infra/images.json with charts-out/.',
  ]);
  expect((await project.calls()).slice(1)).toEqual([
    'docker build --tag iris-server:v0.1.0 .',
    'docker image inspect iris-server:v0.1.0',
    `docker tag iris-server:v0.1.0 ${name}`,
    `docker push ${name}`,
    'docker image inspect iris-server:v0.1.0',
  ]);
  const recorded = async () =>
    JSON.parse(await readFile(join(project!.folder, 'infra/images.json'), 'utf8')) as unknown;
  expect(await recorded()).toEqual({ [name]: { digest, platforms: ['linux/arm64/v8'] } });

  const tag = ['--tag', 'registry.example/iris:v2', '--platform', 'linux/amd64,linux/arm64', '--json'];
  const again = await project.start(['build', '--push', ...tag]);
  const both = { digest, platforms: ['linux/amd64', 'linux/arm64'] };
  expect(JSON.parse(again.stdout)).toMatchObject({ image: 'registry.example/iris:v2', ...both });
  expect(await recorded()).toEqual({
    [name]: { digest, platforms: ['linux/arm64/v8'] },
    'registry.example/iris:v2': both,
  });
});

test('build --push refuses a name without a registry before it builds, and --registry without --push', async () => {
  project = await createProject(pushing);
  const { exitCode, stderr } = await project.start(['build', '--push']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('✗ The image name iris-server:v0.1.0 has no registry to push to.');
  expect(stderr).toContain('or pass --registry.');
  const unused = await project.start(['build', '--registry', 'registry.example']);
  expect([unused.exitCode, unused.stderr]).toEqual([2, expect.stringContaining('--registry has no effect without')]);
  expect((await project.calls()).filter((call) => call.includes('build'))).toEqual([]);
});

test('build --push records nothing if the push failed, or printed no digest', async () => {
  project = await createProject({ ...pushing, 'docker push': 'echo "unauthorized: log in" >&2; exit 1' });
  const push = ['build', '--push', '--tag', 'registry.example/iris:v1'];
  const denied = await project.start(push);
  expect([denied.exitCode, denied.stderr]).toEqual([1, expect.stringContaining('registry.example denied the push')]);
  await writeFile(join(project.folder, 'bin/docker'), `#!/bin/sh\necho '${inspected}'\n`);
  const silent = await project.start(push);
  expect([silent.exitCode, silent.stderr]).toEqual([1, expect.stringContaining('did not print its digest')]);
  await expect(readFile(join(project.folder, 'infra/images.json'))).rejects.toThrow('ENOENT');
});
