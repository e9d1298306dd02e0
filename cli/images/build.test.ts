import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageBuild } from '../tools/container-engine.ts';
import { buildSecrets } from './build.ts';

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
