import { createHash } from 'node:crypto';
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { execa } from 'execa';
import { cleanUpAtEnd } from '../cleanup.ts';
import { build, docker, temporaryFolder, testWithDocker } from './docker.ts';

/** No two runs have the same, and no cache can have it from an earlier one. */
const marker = (name: string): string => createHash('sha256').update(`${name} ${Date.now()}`).digest('hex');

/** A registry token in an .npmrc, and a mark in a file of certificates, as the two build secrets. */
async function writeSecrets(
  folder: string,
): Promise<{ readonly token: string; readonly mark: string; readonly secrets: Record<'ca' | 'npmrc', string> }> {
  const [token, mark] = [marker('token'), marker('mark')];
  const secrets = { ca: join(folder, 'ca.pem'), npmrc: join(folder, '.npmrc') };
  const { NODE_EXTRA_CA_CERTS: ca } = process.env;
  // What stands outside of the certificates in such a file is a comment.
  await writeFile(secrets.ca, `${mark}\n${ca === undefined ? rootCertificates[0] : await readFile(ca, 'utf8')}`);
  await writeFile(secrets.npmrc, `//registry.invalid/:_authToken=${token}\n`);
  return { token, mark, secrets };
}

/** The files of `docker save`, layers and configuration alike, that contain one of the texts. A layer is a plain tar. */
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

testWithDocker('a build secret is in no layer and no history', async () => {
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

testWithDocker('both build secrets reach npm, and leave the layer that it writes', async () => {
  using folder = temporaryFolder();
  const { token, mark, secrets } = await writeSecrets(folder.path);
  // In place of npm, a script that fails where it installs unless it sees both.
  await writeFile(
    join(folder.path, 'npm'),
    `#!/bin/sh\nset -e\n[ "$1" != pkg ] || exit 0\ngrep -q "$(cat /token)" ~/.npmrc\ngrep -q "$(cat /mark)" "$NODE_EXTRA_CA_CERTS"\ntouch /seen\n`,
    { mode: 0o755 },
  );
  const [base, name] = ['rhizome-test-base', 'rhizome-test-npm'];
  cleanUpAtEnd('docker', 'image', 'rm', '--force', base, name);
  await build({ flags: ['--target', 'dependencies', '--tag', base] });
  await docker(['build', '--quiet', '--tag', name, '--file', '-', folder.path], {
    input: `FROM ${base}\nCOPY npm /usr/local/bin/npm\nRUN echo ${token} > /token && echo ${mark} > /mark\n`,
  });
  try {
    const image = await build({ flags: ['--target', 'dependencies', '--build-arg', `BUILD_IMAGE=${name}`], secrets });
    expect(
      await docker(['run', '--rm', image, 'sh', '-c', 'ls /seen; cat ~/.npmrc /run/secrets/* 2> /dev/null || true']),
    ).toBe('/seen');
  } finally {
    await docker(['image', 'rm', '--force', base, name]);
  }
});
