import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProject, type Project } from '../fixtures/project.ts';
import { digestOf, startRegistry } from '../fixtures/registry.ts';
import { createModelImage, writeArchive } from '../model-images/model-image.ts';

const login = { credentials: 'me:hush', repository: 'team/models' };
const iris = join(import.meta.dirname, '../../models/iris');

let project: Project;
let folder: string;
beforeEach(async () => {
  project = await createProject({
    'kind get nodes': 'echo node-1',
    'docker exec node-1 crictl': 'echo',
  });
  folder = mkdtempSync(join(tmpdir(), 'push-model-'));
});
afterEach(async () => {
  await project.remove();
  rmSync(folder, { recursive: true });
});

const files = [
  { path: 'iris/model.json', file: join(iris, 'model.json') },
  { path: 'iris/model.onnx', file: join(iris, 'model.onnx') },
];

test('the same files make the same image, which tar can read', async () => {
  const image = await createModelImage(files, folder);
  const { digest } = image.index;
  const again = await createModelImage([...files], mkdtempSync(join(folder, 'again-')));
  expect(again.index.digest).toBe(digest);
  execFileSync('tar', ['-xf', join(folder, 'layer.tar'), '-C', folder]);
  expect(readFileSync(join(folder, 'iris/model.onnx'))).toEqual(readFileSync(join(iris, 'model.onnx')));
  expect(execFileSync('tar', ['-tvf', join(folder, 'layer.tar')]).toString()).toMatch(/^-rw-r--r-- 0\/0 .* 1970-/);
  const long = `${'deep/'.repeat(30)}model.onnx`;
  await createModelImage([{ path: long, file: join(iris, 'model.onnx') }], folder);
  expect(execFileSync('tar', ['-tf', join(folder, 'layer.tar')]).toString()).toBe(`${long}\n`);
});

test('an archive for the nodes of kind has the blobs, and the name that Kubernetes uses', async () => {
  const image = await createModelImage(files, folder);
  await writeArchive(image, 'docker.io/library/iris-models:1', join(folder, 'image.tar'));
  execFileSync('tar', ['-xf', 'image.tar'], { cwd: folder });
  const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as { manifests: object[] };
  expect(index.manifests).toMatchObject([
    { digest: image.index.digest, annotations: { 'io.containerd.image.name': 'docker.io/library/iris-models:1' } },
  ]);
  const blobs = readdirSync(join(folder, 'blobs/sha256'));
  expect(blobs).toHaveLength(6);
  for (const blob of blobs) expect(digestOf(readFileSync(join(folder, 'blobs/sha256', blob)))).toBe(`sha256:${blob}`);
});

test('push-model pushes a folder of models as the user of docker login, and once', async () => {
  const registry = await startRegistry(login);
  try {
    const auth = Buffer.from(login.credentials).toString('base64');
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const push = () =>
      project.start(['push-model', 'models', `${registry.host}/team/models`, '--json', '--no-verify'], {
        env: { DOCKER_CONFIG: folder },
      });
    const { exitCode, stdout, stderr } = await push();
    expect([exitCode, stderr]).toEqual([0, expect.any(String)]);
    const { reference, digest, files: names } = JSON.parse(stdout) as Record<string, string>;
    expect(names).toEqual(['iris/model.json', 'iris/model.onnx']);
    const tag = digest!.slice(7, 19);
    expect(reference).toBe(`${registry.host}/team/models:${tag}@${digest}`);
    expect(digestOf(registry.manifests.get(tag)!)).toBe(digest);
    expect(registry.blobs.size).toBe(3);
    registry.calls.length = 0;
    const second = await push();
    expect([second.exitCode, second.stdout]).toEqual([0, stdout]);
    expect(registry.calls.filter((call) => call.startsWith('POST'))).toEqual([]);
  } finally {
    registry.close();
  }
});

test('push-model says whom the registry refused', async () => {
  const registry = await startRegistry(login);
  try {
    const { exitCode, stderr } = await project.start(
      ['push-model', 'models/iris', `${registry.host}/team/models`, '--no-verify'],
      { env: { DOCKER_CONFIG: folder } },
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`The registry ${registry.host} denied the push.`);
    expect(stderr).toContain(`docker login ${registry.host}`);
  } finally {
    registry.close();
  }
});

test.each([
  [['models', 'iris-models'], 2, 'iris-models names no registry.'],
  [['models', 'registry.example/iris:latest'], 2, 'is not a name for an image.'],
  [['models', 'Registry/Iris'], 2, 'is not a name for an image.'],
  [['models', 'iris', '--on', 'context=a'], 2, '--on context=a is not valid: expected kind or minikube.'],
  [['charts-out', 'registry.example/iris', '--no-verify'], 1, 'charts-out has no model.'],
])('push-model %j is refused', async (args, code, message) => {
  const { exitCode, stderr } = await project.start(['push-model', ...args]);
  expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
});
