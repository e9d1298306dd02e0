import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DownloadError } from '../download-error.ts';
import { archiveOf, tarOf, type Entry } from '../fixtures/archive.ts';
import { kindOf, unpack } from './unpack.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unpack-'));
  mkdirSync(join(folder, 'in/models'), { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const models = (): string => join(folder, 'in/models');
async function unpacked(archive: Uint8Array, most = 1000): Promise<void> {
  const file = join(folder, 'archive');
  writeFileSync(file, archive);
  const kind = await kindOf(file);
  if (kind === 'model') throw new Error('it is not an archive');
  await unpack(file, kind, models(), most);
}
const read = (path: string): string => readFileSync(join(models(), path), 'utf8');

test.each(['ustar', 'gnu', 'pax'])('an archive that tar writes in the format %s, with long names', async (format) => {
  const long = `${'iris-of-a-very-long-name/'.repeat(5)}${'n'.repeat(120)}`;
  const path = format === 'ustar' ? 'iris/1' : long;
  mkdirSync(join(folder, 'from', path), { recursive: true });
  writeFileSync(join(folder, 'from', path, 'model.onnx'), 'the model');
  writeFileSync(join(folder, 'from', path, 'empty'), '');
  execFileSync('tar', ['--format', format, '-czf', join(folder, 'a.tar.gz'), '-C', join(folder, 'from'), '.']);
  await unpacked(readFileSync(join(folder, 'a.tar.gz')));
  expect(read(`${path}/model.onnx`)).toBe('the model');
  expect(read(`${path}/empty`)).toBe('');
});

test('an archive without compression', async () => {
  await unpacked(
    tarOf([
      { path: './iris/model.onnx', content: 'x'.repeat(700) },
      { path: 'iris/b', content: 'b' },
    ]),
  );
  expect(read('iris/model.onnx')).toBe('x'.repeat(700));
  expect(read('iris/b')).toBe('b');
});

test.each<[string, readonly Entry[], string]>([
  ['a path that leads out', [{ path: '../../out', content: 'x' }], '"../../out", a path that leads out'],
  ['an inner path that leads out', [{ path: 'a/../../out', content: 'x' }], 'a path that leads out'],
  ['an absolute path', [{ path: '/rhizome-out', content: 'x' }], '"/rhizome-out", a path that leads out'],
  ['a folder that leads out', [{ path: '../out/', type: '5' }], 'a path that leads out'],
  ['a symbolic link', [{ path: 'link', type: '2' }], '"link", which is a link or a device'],
  ['a hard link', [{ path: 'link', type: '1' }], 'which is a link or a device'],
  ['a device', [{ path: 'null', type: '3' }], 'which is a link or a device'],
  [
    'a path in its extended attributes that leads out',
    [{ path: 'x', type: 'x', content: '18 path=../../out\n' }, { path: 'a' }],
    'leads out',
  ],
  ['a long name that leads out', [{ path: 'x', type: 'L', content: '../out\0' }, { path: 'a' }], 'leads out'],
  [
    'the same path twice',
    [
      { path: 'a', content: 'x' },
      { path: 'a', content: 'y' },
    ],
    'the same path twice',
  ],
  [
    'a file that is also a folder',
    [
      { path: 'a', content: 'x' },
      { path: 'a/b', content: 'y' },
    ],
    'the same path twice',
  ],
  [
    'too many bytes',
    [
      { path: 'a', content: 'x'.repeat(600) },
      { path: 'b', content: 'x'.repeat(600) },
    ],
    'more than the 1000 bytes',
  ],
  ['a size that no file has', [{ path: 'a', content: 'x', size: 8 ** 11 - 1 }], 'more than the 1000 bytes'],
])('%s is refused, and nothing is written elsewhere', async (_, entries, message) => {
  const error: unknown = await unpacked(archiveOf(entries)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(DownloadError);
  expect((error as Error).message).toContain(message);
  expect(existsSync(join(folder, 'out'))).toBe(false);
  expect(existsSync(join(folder, 'in/out'))).toBe(false);
  expect(existsSync('/rhizome-out')).toBe(false);
});

test('a link that is there already is not followed', async () => {
  symlinkSync(folder, join(models(), 'a'));
  await expect(unpacked(archiveOf([{ path: 'a', content: 'x' }]))).rejects.toThrow('the same path twice');
});

test.each<[string, () => Uint8Array, string]>([
  [
    'is cut in a file',
    () => gzipSync(tarOf([{ path: 'a', content: 'x'.repeat(900) }]).subarray(0, 700)),
    'ends in the middle',
  ],
  [
    'is cut in its compression',
    () => archiveOf([{ path: 'a', content: 'x' }]).subarray(0, 40),
    'cannot be decompressed',
  ],
  ['has no end', () => gzipSync(tarOf([{ path: 'a', content: 'x' }], false)), 'ends in the middle'],
  ['is compressed text', () => gzipSync('hello '.repeat(200)), 'is not a tar archive'],
  [
    'has a damaged header',
    () => {
      const tar = tarOf([{ path: 'a', content: 'x' }]);
      tar[0] = 66;
      return gzipSync(tar);
    },
    'is not a tar archive',
  ],
])('an archive that %s is refused', async (_, archive, message) => {
  await expect(unpacked(archive())).rejects.toThrow(message);
});

test('an archive of names alone is bounded', async () => {
  const many = archiveOf(Array.from({ length: 10_001 }, (_, index) => ({ path: `${index}/`, type: '5' })));
  await expect(unpacked(many)).rejects.toThrow('more than 10000 entries');
});

test('a file is what its first bytes say', async () => {
  const kind = (bytes: Uint8Array | string): Promise<string> => {
    writeFileSync(join(folder, 'file'), bytes);
    return kindOf(join(folder, 'file'));
  };
  expect(await kind(archiveOf([]))).toBe('gzip');
  expect(await kind(tarOf([{ path: 'a' }]))).toBe('tar');
  expect(await kind('\x08\x09')).toBe('model');
  expect(await kind('')).toBe('model');
});
