import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { prune, PruneError } from './prune.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'prune-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const write = (path: string, content: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
};
const install = (path: string, manifest: object = {}): void => {
  const name = path.split('node_modules/').at(-1);
  write(`node_modules/${path}/package.json`, JSON.stringify({ name, ...manifest }));
};
const exists = (path: string): boolean => existsSync(join(root, 'node_modules', path));
const run = (arch = 'amd64'): string[] => prune({ root, sources: ['service'], os: 'linux', arch });

test('keeps the imported packages and their dependencies, and removes the others', () => {
  write('service/app.ts', `import { Hono } from 'hono'; import '@scope/used';`);
  install('hono', { dependencies: { deep: '1' } });
  install('deep', {
    peerDependencies: { peer: '1', absent: '1' },
    peerDependenciesMeta: { absent: { optional: true } },
  });
  install('peer', { optionalDependencies: { 'not-for-this-platform': '1' } });
  install('@scope/used');
  install('@scope/unused');
  install('@other/unused');
  install('commander', { dependencies: { deep: '1' } });
  write('node_modules/.bin/commander', '');

  expect(run()).toEqual(['@scope/used', 'deep', 'hono', 'peer']);
  expect(['hono', 'deep', 'peer', '@scope/used'].filter(exists)).toHaveLength(4);
  expect(['commander', '@scope/unused', '@other', '.bin'].filter(exists)).toEqual([]);
});

test('removes type declarations, even if packages depend on them', () => {
  write('service/app.ts', `import 'a';`);
  install('a', { dependencies: { '@types/node': '1', b: '1' } });
  install('b', { peerDependencies: { '@types/absent': '1' } });
  install('@types/node', { dependencies: { 'undici-types': '1' } });
  install('undici-types');

  expect(run()).toEqual(['a', 'b']);
  expect(['a', '@types', 'undici-types'].map(exists)).toEqual([true, false, false]);
});

test('distinguishes a nested version from the one at the top', () => {
  write('service/app.ts', `import 'a';`);
  install('a', { dependencies: { b: '1' } });
  install('a/node_modules/b');
  install('a/node_modules/left-over');
  install('b');

  expect(run()).toEqual(['a', 'b']);
  expect(['a/node_modules/b', 'a/node_modules/left-over', 'b'].map(exists)).toEqual([true, false, false]);
});

test('keeps one platform of the ONNX runtime, and no debugging files', () => {
  write('service/app.ts', `import 'onnxruntime-node';`);
  install('onnxruntime-node');
  for (const platform of ['linux/x64', 'linux/arm64', 'darwin/arm64']) {
    write(`node_modules/onnxruntime-node/bin/napi-v6/${platform}/onnxruntime_binding.node`, '');
  }
  for (const file of ['index.js', 'index.js.map', 'index.d.ts', 'LICENSE'])
    write(`node_modules/onnxruntime-node/${file}`, '');

  // What its install script adds for CUDA.
  write('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so', '');

  run('amd64');
  expect(exists('onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so')).toBe(true);
  const binary = (platform: string): boolean => exists(`onnxruntime-node/bin/napi-v6/${platform}`);
  expect(['linux/x64', 'linux/arm64', 'darwin/arm64'].map(binary)).toEqual([true, false, false]);
  expect(
    ['index.js', 'index.js.map', 'index.d.ts', 'LICENSE'].map((file) => exists(`onnxruntime-node/${file}`)),
  ).toEqual([true, false, false, true]);
});

test('keeps sharp, for one platform, only if a model decodes images', () => {
  const prepare = (): void => {
    write('service/app.ts', `await import('sharp');`);
    const platforms = ['linux-x64', 'linux-arm64', 'linuxmusl-x64'].map((platform) => `@img/sharp-${platform}`);
    install('sharp', { optionalDependencies: Object.fromEntries(platforms.map((name) => [name, '1'])) });
    for (const name of platforms) install(name);
  };
  prepare();
  write('models/iris/model.json', JSON.stringify({ features: [{ name: 'sepal_length' }] }));
  expect(run()).toEqual([]);
  expect(['sharp', '@img'].filter(exists)).toEqual([]);

  prepare();
  write('models/photo/2/model.json', JSON.stringify({ features: [{ name: 'image', decode: { image: {} } }] }));
  run();
  expect(['sharp', '@img/sharp-linux-x64', '@img/sharp-linux-arm64', '@img/sharp-linuxmusl-x64'].map(exists)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(() => run('arm64')).toThrow(
    'There is no sharp for linux/arm64, only sharp-linux-x64. Install its packages for that platform: ' +
      'npm ci --os=linux --cpu=arm64 --libc=glibc',
  );
  rmSync(join(root, 'node_modules/sharp'), { recursive: true });
  expect(() => run()).toThrow('photo/2/model.json decodes images, which needs sharp. Run npm install sharp.');
});

test.each(['{', 'null', '{"features": {}}', '{"features": [null, {"decode": null}, {"decode": 1}]}'])(
  'a model.json that is not valid decodes no images: %s',
  (text) => {
    write('service/app.ts', `await import('sharp');`);
    install('sharp');
    write('models/photo/model.json', text);
    expect(run()).toEqual([]);
  },
);

test('rejects a platform without a binary of the ONNX runtime', () => {
  write('service/app.ts', `import 'onnxruntime-node';`);
  install('onnxruntime-node');
  write('node_modules/onnxruntime-node/bin/napi-v6/linux/x64/onnxruntime_binding.node', '');
  expect(() => run('s390x')).toThrow(
    'no ONNX runtime for linux/s390x, only for onnxruntime-node/bin/napi-v6/linux/x64',
  );
});

test('rejects an import that is not installed, naming the file and the package', () => {
  write('service/app.ts', `import 'missing/file.js';`);
  mkdirSync(join(root, 'node_modules'));
  expect(run).toThrow(
    new PruneError(
      `${join(root, 'service/app.ts')} imports "missing", which is not installed. ` +
        'Add it to "dependencies" in package.json.',
    ),
  );
});

test('rejects a dependency that is not installed', () => {
  write('service/app.ts', `import 'a';`);
  install('a', { dependencies: { b: '1' } });
  expect(run).toThrow('a needs "b", which is not installed. Run npm ci.');
});
