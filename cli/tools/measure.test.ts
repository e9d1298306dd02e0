import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReporter } from '../terminal/reporter.ts';
import { exec } from './exec.ts';
import { bytesAdded, bytesRead, bytesWritten } from './measure-files.ts';
import { lockedPackagesInstalled, packagesInstalled } from './measure-packages.ts';
import type { Measure } from './measure.ts';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'rhizome-measure-')));
});
afterEach(() => rm(folder, { recursive: true }));

/**
 * Runs a script that stops at `$wait` until it was measured as expected, or for 20 s.
 * @returns the last that was shown, before the command ended and it was removed
 */
async function measured(script: string, measure: Measure, expected: readonly unknown[]): Promise<unknown> {
  let shown: readonly unknown[] = [];
  const last: (readonly unknown[])[] = [];
  const report = {
    ...createReporter({ write: () => undefined }),
    share: (...values: readonly unknown[]) => {
      shown = values;
      last.push(values);
      if (JSON.stringify(values) === JSON.stringify(expected)) void writeFile(join(folder, 'go'), '');
    },
  };
  const context = { root: folder, report, signal: new AbortController().signal };
  const wait = 'until [ -e go ]; do sleep 0.05; done';
  await exec(context, ['sh', '-c', script.replace('$wait', wait)], { measure, timeout: 20_000 }).catch(() => undefined);
  expect(shown).toEqual([undefined]);
  return last.at(-2);
}

test('the bytes that are added to a folder, whatever the file is called: without a percentage', async () => {
  const archives = join(folder, 'archives');
  await mkdir(archives);
  await writeFile(join(archives, 'earlier.tar'), Buffer.alloc(5e6));
  const script = 'head -c 3000000 /dev/zero > archives/.temporary && $wait && mv archives/.temporary archives/a.tar';
  const expected = [0.5, '3 MB of about 6 MB'];
  expect(await measured(script, await bytesAdded(archives, 6e6), expected)).toEqual(expected);
  expect(existsSync(join(archives, 'a.tar'))).toBe(true);
});

test('the bytes that are added to a folder, if nobody knows how many there will be, or if there are more', async () => {
  const script = 'head -c 3000000 /dev/zero > archive && $wait';
  expect(await measured(script, await bytesAdded(folder, undefined), [undefined, '3 MB'])).toEqual([undefined, '3 MB']);
  await rm(join(folder, 'go'));
  await rm(join(folder, 'archive'));
  expect(await measured(script, await bytesAdded(folder, 2e6), [undefined, '3 MB'])).toEqual([undefined, '3 MB']);
});

test('a folder that does not exist has no bytes, until the command makes it', async () => {
  const archives = join(folder, 'archives');
  const expected = [undefined, '3 MB'];
  const script = 'mkdir archives && head -c 3000000 /dev/zero > archives/a.tar && $wait';
  expect(await measured(script, await bytesAdded(archives, undefined), expected)).toEqual(expected);
});

test('the bytes that are written to a file of a known size', async () => {
  const script = 'head -c 3000000 /dev/zero > archive && $wait';
  expect(await measured(script, bytesWritten(join(folder, 'archive'), 4e6), [0.75, undefined])).toEqual([
    0.75,
    undefined,
  ]);
});

const isLinux = process.platform === 'linux';
const onlySize = [undefined, 'archive of 4 MB'];
// The parentheses in the scripts: without them, the shell itself has a copy of the descriptor while a program reads.

test('the bytes that two readers have read of a file; where that is not known, its size', async () => {
  const file = join(folder, 'archive');
  await writeFile(file, Buffer.alloc(4e6));
  const script = 'exec >&2 3< archive 4< archive; (head -c 3000000 <&3); (head -c 1000000 <&4); $wait';
  const expected = isLinux ? [0.5, undefined] : onlySize;
  expect(await measured(script, bytesRead(file, 2), expected)).toEqual(expected);
});

test.each([
  ['at the same time', 0.5, '4< archive; (head -c 1000000 <&4)', 'exec 3<&-'],
  ['one after the other', 0.375, '', 'exec 3<&- 3< archive; (head -c 1000000 <&3)'],
])('a file that was closed has been read, if two readers read it %s', async (_, before, beside, then) => {
  const file = join(folder, 'archive');
  await writeFile(file, Buffer.alloc(4e6));
  const seen = 'until [ -e seen ]; do sleep 0.05; done';
  const script = `exec >/dev/null 3< archive ${beside}; (head -c 3000000 <&3); ${seen}; ${then}; $wait`;
  const read = bytesRead(file, 2);
  const measure: Measure = async (processId) => {
    const result = await read(processId);
    if (!isLinux || result?.share === before) await writeFile(join(folder, 'seen'), '');
    return result;
  };
  const expected = isLinux ? [0.625, undefined] : onlySize;
  expect(await measured(script, measure, expected)).toEqual(expected);
});

const install = (...names: readonly string[]): string =>
  names.map((name) => `mkdir -p node_modules/${name}; echo {} > node_modules/${name}/package.json`).join('; ');

test('the packages that npm has installed: how many there will be is not known', async () => {
  const script = `mkdir -p node_modules/.cache node_modules/later; ${install('a', '@scope/b')}; $wait`;
  const expected = [undefined, '2 packages'];
  expect(await measured(script, packagesInstalled(folder), expected)).toEqual(expected);
});

test('the packages of a lockfile: one for some platforms counts once it is there', async () => {
  const packages = {
    '': {},
    'node_modules/a': {},
    'node_modules/a/node_modules/b': {},
    'node_modules/@img/sharp-linux-x64': { optional: true, os: ['linux'], cpu: ['x64'] },
    'node_modules/@img/sharp-win32-x64': { optional: true, os: ['win32'], cpu: ['x64'] },
    'node_modules/c': { optional: true },
    'node_modules/linked': { link: true },
  };
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
  const script = `${install('a', 'a/node_modules/b', '@img/sharp-linux-x64')}; $wait`;
  const expected = [0.75, '3 of 4 packages'];
  expect(await measured(script, await lockedPackagesInstalled(folder), expected)).toEqual(expected);
});

test.each(['{', 'null', '{"packages":{"node_modules/a":null}}'])(
  'a package-lock.json that npm refuses breaks nothing before npm reads it: %s',
  async (lockfile) => {
    await writeFile(join(folder, 'package-lock.json'), lockfile);
    const expected = [undefined, '1 packages'];
    expect(await measured(`${install('a')}; $wait`, await lockedPackagesInstalled(folder), expected)).toEqual(expected);
  },
);
