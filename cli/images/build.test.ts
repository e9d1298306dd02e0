import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageBuild } from '../tools/container-engine.ts';
import { buildSecrets, contentHash, type InspectedImage } from './build.ts';

const image: InspectedImage = {
  Architecture: 'amd64',
  Size: 1,
  RootFS: { Layers: ['sha256:a', 'sha256:b'] },
  Config: {
    Cmd: ['node', 'service/main.ts'],
    Env: ['NODE_ENV=production'],
    User: '10001',
    WorkingDir: '/app',
    Labels: { revision: '1' },
  },
};

test('the content tag changes if, and only if, what runs changes', () => {
  const hash = contentHash(image);
  expect(hash).toMatch(/^[0-9a-f]{12}$/);
  const same: InspectedImage = { ...image, Size: 2, Config: { ...image.Config, Labels: { revision: '2' } } };
  expect(contentHash(same)).toBe(hash);
  const others: InspectedImage[] = [
    { ...image, Architecture: 'arm64' },
    { ...image, RootFS: { Layers: ['sha256:a', 'sha256:c'] } },
    { ...image, Config: { ...image.Config, Cmd: ['bash'] } },
    { ...image, Config: { ...image.Config, Env: [] } },
    { ...image, Config: { ...image.Config, User: '0' } },
  ];
  expect(new Set([hash, ...others.map(contentHash)]).size).toBe(others.length + 1);
});

test("the host's certificate authority and .npmrc are secrets if the files exist", async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'rhizome-build-')), 'file');
  await writeFile(file, '');
  expect(buildSecrets({ NODE_EXTRA_CA_CERTS: file }, file)).toEqual({ ca: file, npmrc: file });
  expect(buildSecrets({ NODE_EXTRA_CA_CERTS: `${file}.missing` }, `${file}.missing`)).toEqual({});
});

test('docker build: tag, platform, build arguments, secrets', () => {
  expect(
    imageBuild('docker', {
      tag: 't:1',
      platform: 'linux/arm64',
      buildArgs: { BASE_IMAGE: 'b' },
      secrets: { ca: '/ca.pem' },
    }),
  ).toEqual([
    'docker',
    'build',
    '--tag',
    't:1',
    '--platform',
    'linux/arm64',
    '--build-arg',
    'BASE_IMAGE=b',
    '--secret',
    'id=ca,src=/ca.pem',
    '.',
  ]);
});
