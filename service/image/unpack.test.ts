import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { unpack } from './unpack.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'unpack-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const write = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const read = (path: string) => readFileSync(join(root, path), 'utf8');

test('the service is copied to its place in the image, without types and with its own versions of packages', () => {
  const kit = 'node_modules/rhizome-kit';
  write('package.json', '{"name": "project"}');
  write(`${kit}/package.json`, '{"name": "rhizome-kit", "type": "module"}');
  write(`${kit}/dist/service/main.js`, 'main');
  write(`${kit}/dist/service/main.d.ts`, '');
  write(`${kit}/dist/onnx/engine/engine.js`, 'engine');
  write(`${kit}/dist/cli/main.js`, '');
  write('node_modules/hono/old.js', '');
  write('node_modules/pino/index.js', '');
  write(`${kit}/node_modules/hono/index.js`, 'nested');
  write(`${kit}/node_modules/@hono/node-server/index.js`, 'scoped');

  unpack(join(root, kit), root);
  expect([read('service/main.js'), read('onnx/engine/engine.js'), read('package.json')]).toEqual([
    'main',
    'engine',
    '{"name": "rhizome-kit", "type": "module"}',
  ]);
  expect([read('node_modules/hono/index.js'), read('node_modules/@hono/node-server/index.js')]).toEqual([
    'nested',
    'scoped',
  ]);
  expect(
    ['service/main.d.ts', 'cli', 'node_modules/hono/old.js', 'node_modules/pino/index.js'].map((path) =>
      existsSync(join(root, path)),
    ),
  ).toEqual([false, false, false, true]);
});
