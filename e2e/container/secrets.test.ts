import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { cleanUpAtEnd } from '../cleanup.ts';
import { build, docker, temporaryFolder, testWithDocker } from './docker.ts';

/** Returns a text that is different in every run, so that no cache of an earlier run can contain it. */
const marker = (name: string): string => createHash('sha256').update(`${name} ${Date.now()}`).digest('hex');

/** Writes the files for the two build secrets: an .npmrc with a registry token, and certificates with a mark. */
async function writeSecrets(
  folder: string,
): Promise<{ readonly token: string; readonly mark: string; readonly secrets: Record<'ca' | 'npmrc', string> }> {
  const [token, mark] = [marker('token'), marker('mark')];
  const secrets = { ca: join(folder, 'ca.pem'), npmrc: join(folder, '.npmrc') };
  const { NODE_EXTRA_CA_CERTS: ca } = process.env;
  // Text outside of the certificates in such a file is a comment.
  await writeFile(secrets.ca, `${mark}\n${ca === undefined ? rootCertificates[0] : await readFile(ca, 'utf8')}`);
  await writeFile(secrets.npmrc, `//registry.invalid/:_authToken=${token}\n`);
  return { token, mark, secrets };
}

/**
 * Saves an image with `docker save`, and searches its layers and its configuration. A layer is a tar file, plain or
 * compressed, so the texts appear in it as they are.
 * @returns the files that contain at least one of the texts
 */
async function filesWith(image: string, texts: readonly string[], folder: string): Promise<string[]> {
  await execa('sh', ['-c', 'docker save "$1" | tar -xC "$2"', 'sh', image, folder], { timeout: 120_000 });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(5);
  const found: string[] = [];
  for (const file of files) {
    const raw = await readFile(file);
    const content = raw.readUInt16BE(0) === 0x1f8b ? gunzipSync(raw) : raw;
    if (texts.some((text) => content.includes(text))) found.push(file);
  }
  return found;
}

testWithDocker('no layer and no history entry contains a build secret', async () => {
  using folder = temporaryFolder();
  const { token, mark, secrets } = await writeSecrets(folder.path);
  const image = await build({ flags: ['--no-cache'], secrets });

  using saved = temporaryFolder();
  expect(await filesWith(image, ['node_modules/hono/'], saved.path)).not.toEqual([]);
  using again = temporaryFolder();
  expect(await filesWith(image, [token, mark], again.path)).toEqual([]);
  const history =
    (await docker(['history', '--no-trunc', '--format', 'json', image])) + (await docker(['inspect', image]));
  expect(history).toContain('models');
  expect(history).not.toContain(token);
  expect(history).not.toContain(mark);
});

testWithDocker('both build secrets reach npm, but not the layer that it writes', async () => {
  using folder = temporaryFolder();
  const { token, mark, secrets } = await writeSecrets(folder.path);
  // This script takes the place of npm. When it is to install packages, it fails unless it can read both secrets.
  await writeFile(
    join(folder.path, 'npm'),
    [
      '#!/bin/sh',
      'set -e',
      'grep -q "$(cat /token)" ~/.npmrc',
      'grep -q "$(cat /mark)" "$NODE_EXTRA_CA_CERTS"',
      'touch /seen\n',
    ].join('\n'),
    { mode: 0o755 },
  );
  const [base, baseWithScript] = ['rhizome-test-base', 'rhizome-test-npm'];
  cleanUpAtEnd('docker', 'image', 'rm', '--force', base, baseWithScript);
  await build({ flags: ['--target', 'dependencies', '--tag', base] });
  await docker(['build', '--quiet', '--tag', baseWithScript, '--file', '-', folder.path], {
    input: `FROM ${base}\nCOPY npm /usr/local/bin/npm\nRUN echo ${token} > /token && echo ${mark} > /mark\n`,
  });
  try {
    const image = await build({
      flags: ['--target', 'dependencies', '--build-arg', `BUILD_IMAGE=${baseWithScript}`],
      secrets,
    });
    expect(
      await docker(['run', '--rm', image, 'sh', '-c', 'ls /seen; cat ~/.npmrc /run/secrets/* 2> /dev/null || true']),
    ).toBe('/seen');
  } finally {
    await docker(['image', 'rm', '--force', base, baseWithScript]);
  }
});
