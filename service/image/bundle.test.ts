import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { gzipSync } from 'node:zlib';
import { startService } from '../fixtures/process.ts';
import { bundle } from './bundle.ts';

const root = resolve(import.meta.dirname, '../..');
let folder: string;
beforeAll(async () => {
  // The image's layout.
  folder = mkdtempSync(join(tmpdir(), 'bundle-'));
  cpSync(join(root, 'package.json'), join(folder, 'package.json'));
  cpSync(join(root, 'service/grpc/proto'), join(folder, 'service/grpc/proto'), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  await bundle(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const start = (models: string, environment: Readonly<Record<string, string>> = {}) =>
  startService(models, environment, join(folder, 'service/main.js'));

const flower = JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });

test.each(['event-loop', 'process'])(
  'the bundle serves all protocols and pages, with the model in: %s',
  async (place) => {
    const service = await start(join(root, 'models'), { GRPC_PORT: '0', PLACEMENT: place });
    const response = await fetch(`${service.url}/predictions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: flower,
    });
    expect(await response.json()).toMatchObject({ prediction: 'setosa' });
    for (const path of ['', 'playground/main.js', 'docs', 'docs/swagger-ui.css', 'openapi.json', 'metrics', 'readyz'])
      expect([path, (await fetch(`${service.url}/${path}`)).status]).toEqual([path, 200]);
    expect(await service.stop()).toBe(0);
    expect(service.errors()).toBe('');
  },
);

test('the playground is one script, and all of it is less than 60 KB to send', () => {
  const page = join(folder, 'service/playground/page');
  expect(readdirSync(page).sort()).toEqual(['index.html', 'main.js', 'style.css']);
  const sizes = readdirSync(page).map((name) => gzipSync(readFileSync(join(page, name))).length);
  expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(60_000);
});

test('the bundle reports the same problems of model.json as the modules', async () => {
  const models = join(folder, 'broken-models');
  cpSync(join(root, 'models'), models, { recursive: true });
  mkdirSync(join(models, 'broken'));
  cpSync(join(models, 'iris/model.onnx'), join(models, 'broken/model.onnx'));
  writeFileSync(
    join(models, 'broken/model.json'),
    JSON.stringify({ nam: 'x', version: '', features: [{ range: [1] }] }),
  );

  const reason = async (program: string): Promise<unknown> => {
    const child = spawn(process.execPath, [program], {
      env: { MODELS_DIR: models, HOST: '127.0.0.1', PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 60_000,
    });
    try {
      for await (const line of createInterface(child.stdout)) {
        const { msg, reason } = JSON.parse(line) as Record<string, unknown>;
        if (msg === 'model failed') return reason;
      }
    } finally {
      child.kill('SIGKILL');
    }
    return undefined;
  };
  const bundled = await reason(join(folder, 'service/main.js'));
  expect(bundled).toContain('did you mean "name"?');
  expect(bundled).toBe(await reason(join(root, 'service/main.ts')));
});

test('the bundle has the program that downloads models, which needs no ONNX runtime', async () => {
  const file = join(folder, 'service/download/main.js');
  const child = spawn(process.execPath, [file], { env: {}, stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  expect([code, JSON.parse(output)]).toMatchObject([78, { reason: expect.stringMatching(/^MODELS_URL is not set/) }]);
  expect(readFileSync(file, 'utf8')).not.toContain('onnxruntime');
});
