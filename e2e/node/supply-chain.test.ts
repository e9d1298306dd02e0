import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
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

test('signatures are checked in the release that makes them', () => {
  const release = read('.github/workflows/release.yml');
  expect(release.indexOf('cosign verify')).toBeGreaterThan(release.indexOf('cosign sign --yes --recursive'));
});
