/**
 * Compiles the types of `rhizome-kit/client` in strict programs of others, and runs the client where there is no Node.
 * `.ci/client-platforms` installs the compilers and runtimes, and prints their folder as CLIENT_PLATFORMS.
 */
import { build } from 'esbuild';
import { execa } from 'execa';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { arch, platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startServiceWith } from '../../client/fixtures/service.ts';
import type { ServiceProcess } from '../../service/fixtures/process.ts';
import { findBrowser, testWithBrowser } from '../browser.ts';
import { testUnless } from '../needs.ts';

const root = join(import.meta.dirname, '../..');
const platforms = process.env['CLIENT_PLATFORMS'];
const missing = platforms === undefined ? 'needs compilers and runtimes: eval "$(.ci/client-platforms)"' : undefined;
const timeout = 60_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-platforms-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the types compile in a strict program, without skipLibCheck', () => {
  beforeAll(async () => {
    if (missing !== undefined) return;
    const write = (path: string, content: string) => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    };
    const { version, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    write('package.json', '{ "type": "module" }');
    write('node_modules/rhizome-kit/package.json', JSON.stringify({ version, type: 'module', exports }));
    const build = {
      extends: join(root, 'tsconfig.build.json'),
      compilerOptions: {
        rootDir: root,
        outDir: 'node_modules/rhizome-kit/dist',
        typeRoots: [join(root, 'node_modules/@types')],
        emitDeclarationOnly: true,
      },
      include: [],
      files: [join(root, 'client/index.ts')],
    };
    write('build.json', JSON.stringify(build));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    await execa(process.execPath, [tsc, '--project', join(folder, 'build.json')], { timeout });
    write('main.ts', program);
    for (const name of readdirSync(platforms!).filter((entry) => entry.startsWith('types-node-'))) {
      mkdirSync(join(folder, name));
      symlinkSync(join(platforms!, name), join(folder, name, 'node'));
    }
    symlinkSync(join(platforms!, 'undici-types'), join(folder, 'node_modules/undici-types'));
  });

  // 5.4 has no typed arrays with a type parameter, which are new in 5.7. The last compiler is native, and quick.
  for (const [typescript, target, types, resolution] of [
    ['5.4.5', 'es2020', 'types-node-24', 'node16'],
    ['5.4.5', 'es2021', 'dom', 'bundler'],
    ['5.9.3', 'es2022', 'types-node-22', 'node16'],
    ['7.0.2', 'es2020', 'types-node-20', 'bundler'],
    ['7.0.2', 'es2022', 'dom', 'node16'],
    ['7.0.2', 'es2024', 'types-node-22', 'bundler'],
    ['7.0.2', 'esnext', 'types-node-24', 'node16'],
  ] as const)
    testUnless(missing, `TypeScript ${typescript}, ${target}, ${types}, ${resolution}`, async () => {
      const project = join(folder, `${typescript}-${target}-${types}.json`);
      const options = {
        target,
        lib: types === 'dom' ? [target, 'dom'] : [target],
        types: types === 'dom' ? [] : ['node'],
        typeRoots: [join(folder, types)],
        module: resolution === 'bundler' ? 'esnext' : resolution,
        moduleResolution: resolution,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: false,
        noEmit: true,
      };
      writeFileSync(project, JSON.stringify({ compilerOptions: options, files: ['main.ts'] }));
      const tsc = join(platforms!, `typescript-${typescript}/bin/tsc`);
      const { stdout } = await execa(process.execPath, [tsc, '--project', project], { timeout, reject: false });
      expect(stdout).toBe('');
    });
});

describe('the client runs', () => {
  const expected = {
    prediction: 'setosa',
    rows: ['setosa', 'virginica'],
    half: [0.5, -2],
    integers: ['1', '-2'],
    strings: ['a', 'größer'],
    problem: [422, '#/petal_width'],
    aborted: 'enough',
    live: 'live',
  };
  let service: ServiceProcess;
  let script: string;
  beforeAll(async () => {
    service = await startServiceWith({ iris: 'models/iris', echo: 'onnx/fixtures/echo.onnx' });
    script = join(folder, 'script.js');
    await build({
      stdin: {
        contents: `
          import * as library from './client/index.ts';
          import { callService } from './e2e/node/clients/on-any-platform.js';
          export const run = (url) => callService(library, url);
        `,
        resolveDir: root,
      },
      bundle: true,
      format: 'esm',
      outfile: script,
    });
    writeFileSync(
      join(folder, 'main.js'),
      `import { run } from './script.js';\nconsole.log(JSON.stringify(await run(${JSON.stringify(service.url)})));\n`,
    );
  });
  afterAll(() => service.stop());

  const run = async (file: string, ...args: readonly string[]): Promise<unknown> =>
    JSON.parse((await execa(file, [...args, join(folder, 'main.js')], { timeout })).stdout);

  test('in Node', async () => {
    expect(await run(process.execPath)).toEqual(expected);
  });

  const cpu = arch() === 'arm64' ? 'aarch64' : arch();
  const deno = join(platforms ?? '', `@deno/${platform()}-${arch()}${platform() === 'linux' ? '-glibc' : ''}/deno`);
  const bun = join(platforms ?? '', `@oven/bun-${platform()}-${cpu}/bin/bun`);
  const without = (file: string) => missing ?? (existsSync(file) ? undefined : `${file} is not there`);

  testUnless(without(deno), 'in Deno', async () => {
    expect(await run(deno, 'run', '--allow-net')).toEqual(expected);
  });

  testUnless(without(bun), 'in Bun', async () => {
    expect(await run(bun, 'run')).toEqual(expected);
  });

  testWithBrowser("in Chromium, on a page of the service's origin", async () => {
    const result = Promise.withResolvers<unknown>();
    const origin = await originOf(service.url, script, result.resolve);
    const { port } = origin.address() as AddressInfo;
    const chromium = execa(
      findBrowser()!,
      [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        `--user-data-dir=${join(folder, 'chromium')}`,
        '--remote-debugging-port=0',
        `http://127.0.0.1:${String(port)}/`,
      ],
      { timeout, reject: false, all: true },
    );
    const ended = chromium.then(({ all }) => Promise.reject(new Error(`Chromium ended:\n${all}`)));
    try {
      expect(await Promise.race([result.promise, ended])).toEqual(expected);
    } finally {
      ended.catch(() => undefined);
      chromium.kill();
      await chromium;
      origin.close();
      origin.closeAllConnections();
    }
  });
});

/** Serves a page that calls the service, and passes everything else on to the service, as a reverse proxy does. */
async function originOf(service: string, script: string, done: (result: unknown) => void): Promise<Server> {
  const page = `<!doctype html><script type="module">
    import { run } from '/script.js';
    const result = await run(location.origin).catch(String);
    await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
  </script>`;
  const server = createServer((incoming, outgoing) => {
    const answer = (type: string, body: string) => outgoing.writeHead(200, { 'content-type': type }).end(body);
    if (incoming.url === '/') answer('text/html', page);
    else if (incoming.url === '/script.js') answer('text/javascript', readFileSync(script, 'utf8'));
    else if (incoming.url === '/result') {
      answer('text/plain', '');
      void text(incoming).then((body) => {
        done(JSON.parse(body));
      });
    } else {
      const { method, headers } = incoming;
      const proxied = request(new URL(incoming.url ?? '/', service), { method, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      proxied.on('error', () => outgoing.destroy());
      incoming.pipe(proxied);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const program = `
import { createClient, ServiceProblem } from 'rhizome-kit/client';
import type { Client, ClientOptions, InferOutput, ModelDescription, PredictionResponse } from 'rhizome-kit/client';

const options: ClientOptions = { url: 'http://localhost:8080', fetch, signal: new AbortController().signal };
export const client: Client = createClient(options);
export async function ask(): Promise<string> {
  const response: PredictionResponse = await client.predict('iris', { petal_width: 1 });
  const { outputs } = await client.infer('iris', { inputs: [{ name: 'X', shape: [1], data: Float32Array.of(1) }] });
  const output: InferOutput | undefined = outputs[0];
  const integers: BigInt64Array | undefined = output?.datatype === 'INT64' ? output.data : undefined;
  const floats: ArrayLike<number> | undefined = output?.datatype === 'FP16' ? output.data : undefined;
  return String(response.prediction) + String(integers) + String(floats);
}
export const isProblem = (error: unknown): error is ServiceProblem =>
  error instanceof ServiceProblem && error.status === 422 && error.errors.length > 0;
export const features = (model: ModelDescription): string[] => model.features.map((feature) => feature.name);
// @ts-expect-error the types are not any
export const wrong: ClientOptions = { url: 1 };
`;
