/** What a release needs: one version everywhere, an entry in the changelog, and `npm version` that sets both. */
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { version } from '../../service/contract/index.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const root = join(import.meta.dirname, '../..');
const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

test('the version of the service is the one in package.json', () => {
  expect(version).toBe(packageJson.version);
});

describe('in a copy of the repository', () => {
  let copy: Workspace;
  beforeEach(async () => {
    copy = await createWorkspace();
  });
  afterEach(() => copy.remove());

  const run = (command: string, ...args: readonly string[]) =>
    execa(join(copy.folder, command), args, { cwd: copy.folder, reject: false, timeout: 60_000 });
  const change = async (file: string, from: string | RegExp, to: string): Promise<void> => {
    const text = await readFile(join(copy.folder, file), 'utf8');
    await writeFile(join(copy.folder, file), text.replace(from, to));
  };

  test('a release gets the notes of its version, and no others', async () => {
    await change('package.json', /"version": ".*"/, '"version": "0.2.0"');
    await change('CHANGELOG.md', '## Unreleased', '## Unreleased\n\n## 0.2.0 (2030-01-02)\n\n- A note.\n\n## 0.1.9');
    expect(await run('.ci/release-notes', 'v0.2.0')).toMatchObject({ exitCode: 0, stdout: '- A note.' });
  });

  test('a tag other than the version, and a version without an entry, stop the release', async () => {
    expect(await run('.ci/release-notes', 'v9.9.9')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(`package.json is ${packageJson.version}`),
    });
    await change('package.json', /"version": ".*"/, '"version": "9.9.9"');
    expect(await run('.ci/release-notes', 'v9.9.9')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('CHANGELOG.md has no entry for 9.9.9'),
    });
  });

  test('npm version sets the version of the service and dates the entry of the changelog', async () => {
    await change('CHANGELOG.md', /^## Unreleased\n[^]*?^## /m, '## Unreleased\n\n- A note.\n\n## ');
    await execa('git', ['init', '--quiet'], { cwd: copy.folder });
    const { exitCode, stderr } = await execa('npm', ['version', '9.9.9', '--no-git-tag-version'], {
      cwd: copy.folder,
      reject: false,
      timeout: 60_000,
    });
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    expect(await readFile(join(copy.folder, 'service/contract/version.ts'), 'utf8')).toContain(`version = '9.9.9'`);
    expect(await readFile(join(copy.folder, 'CHANGELOG.md'), 'utf8')).toMatch(
      /^## Unreleased\n\n## 9\.9\.9 \(\d{4}-\d\d-\d\d\)\n\n- A note\.\n/m,
    );
    expect(await run('.ci/release-notes', 'v9.9.9')).toMatchObject({ exitCode: 0, stdout: '- A note.' });
  });
});
