import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps?: readonly { readonly uses?: string; readonly run?: string }[];
}

const workflows = globSync('.github/workflows/*.yml', { cwd: root });

test.each(workflows)('%s runs actions of a commit, which nobody can move as a tag can be', (file) => {
  const actions = [...read(file).matchAll(/^\s*(?:- )?uses: (.*)$/gm)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(0);
  const pinned = /^(?:\.\/.+|[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/;
  expect(actions.filter((action) => !pinned.test(action))).toEqual([]);
});

test.each(['Dockerfile', 'cli/templates/Dockerfile'])('%s installs exactly what the lock file says', (file) => {
  const text = read(file);
  expect(text).toMatch(/^ +npm ci /m);
  const code = text.split('\n').filter((line) => !line.startsWith('#'));
  expect(code.filter((line) => /npm (?:install|i|add|pkg)\b/.test(line))).toEqual([]);
});

test('the compose file publishes ports on this machine only', () => {
  const { services } = parse(read('docker-compose.yaml')) as {
    services: Readonly<Record<string, { readonly ports: readonly string[] }>>;
  };
  const ports = Object.values(services).flatMap((service) => service.ports);
  expect(ports).not.toEqual([]);
  expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
});

test.each(workflows)('%s signs each image that it pushes, and verifies the signature', (file) => {
  const { jobs } = parse(read(file)) as { jobs: Readonly<Record<string, Job>> };
  const pushing = Object.values(jobs).filter(({ steps = [] }) =>
    steps.some(({ uses = '' }) => uses.startsWith('docker/build-push-action@')),
  );
  expect(pushing.length).toBe(1);
  for (const { permissions, steps = [] } of pushing) {
    expect(permissions).toMatchObject({ 'id-token': 'write' });
    expect(steps.some(({ uses = '' }) => uses.startsWith('docker/login-action@'))).toBe(true);
    expect(steps.at(-1)?.run).toMatch(/^\.ci\/sign-image "/);
  }
  const script = read('.ci/sign-image');
  expect(script.indexOf('cosign verify')).toBeGreaterThan(script.indexOf('cosign sign --yes --recursive'));
});

test.each(['Dockerfile', 'cli/templates/Dockerfile'])('%s builds on images that are pinned by digest', (file) => {
  const text = read(file);
  const from = [...text.matchAll(/^FROM (?:--platform=\S+ )?(\S+)(?: AS (\w+))?$/gm)];
  const stages = from.map(([, , stage]) => stage);
  const images = from.map(([, image = '']) => image).filter((image) => !stages.includes(image));
  expect(images).toEqual(['${BUILD_IMAGE}', '${BASE_IMAGE}']);
  expect(text.match(/^ARG (?:BUILD|BASE)_IMAGE=.*$/gm)).toEqual([
    'ARG BUILD_IMAGE=${NODE_IMAGE}',
    'ARG BASE_IMAGE=${NODE_IMAGE}',
  ]);
  expect(text).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim@sha256:[0-9a-f]{64}$/m);
});
