import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createProject, type Project } from '../fixtures/project.ts';
import { createModelImage, writeArchive } from '../model-images/model-image.ts';

const iris = join(import.meta.dirname, '../../models/iris');
const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** A registry in memory, by the OCI Distribution Specification, which checks digests and wants a token. */
async function startRegistry() {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const calls: string[] = [];
  let origin = '';
  const answer = async (request: IncomingMessage): Promise<{ status: number; headers?: object; body?: string }> => {
    const { method = '', headers } = request;
    const url = new URL(request.url ?? '', origin);
    if (url.pathname === '/token') {
      const known = headers.authorization === `Basic ${Buffer.from('me:hush').toString('base64')}`;
      return known && url.searchParams.get('scope') === 'repository:team/models:pull,push'
        ? { status: 200, body: '{"token": "granted"}' }
        : { status: 401 };
    }
    if (headers.authorization !== 'Bearer granted')
      return { status: 401, headers: { 'www-authenticate': `Bearer realm="${origin}/token",service="test"` } };
    const body = await buffer(request);
    calls.push(`${method} ${url.pathname.replace(/[\da-f]{64}|upload\/\d+/, '*')}`);
    const digest = url.searchParams.get('digest') ?? '';
    const last = url.pathname.split('/').at(-1) ?? '';
    if (method === 'HEAD') return { status: blobs.has(last) ? 200 : 404 };
    if (method === 'POST') return { status: 202, headers: { location: `/v2/team/models/blobs/upload/1?state=a` } };
    if (method === 'PUT' && url.pathname.includes('/manifests/')) {
      const { layers = [], manifests: parts = [] } = JSON.parse(body.toString()) as Record<
        string,
        { digest: string }[]
      >;
      const known = layers.every((each) => blobs.has(each.digest)) && parts.every((each) => manifests.has(each.digest));
      manifests.set(last, body).set(digestOf(body), body);
      return { status: known ? 201 : 400 };
    }
    if (method !== 'PUT' || digestOf(body) !== digest || url.searchParams.get('state') !== 'a')
      return { status: method === 'GET' ? 200 : 400 };
    blobs.set(digest, body);
    return { status: 201 };
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, headers, body }) => response.writeHead(status, { ...headers }).end(body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  origin = `http://${host}`;
  return { host, blobs, manifests, calls, close: () => server.close() };
}

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
  const registry = await startRegistry();
  try {
    const auth = Buffer.from('me:hush').toString('base64');
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
  const registry = await startRegistry();
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
