/** The package as users get it: what `npm pack` contains, and how it is imported, with types, from another folder. */
import { execa } from 'execa';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scaffoldFiles } from '../../cli/scaffold/files.ts';
import { version } from '../../service/contract/index.ts';

const root = join(import.meta.dirname, '../..');
const modules = join(root, 'node_modules');
const timeout = 300_000;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

let folder: string;
let packed: Packed;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-package-'));
  const { stdout } = await execa('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root, timeout });
  // The output of prepack comes first.
  packed = (JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [Packed])[0];

  // A consumer's node_modules: what is installed here, and the package instead of this repository.
  mkdirSync(join(folder, 'node_modules/rhizome-kit'), { recursive: true });
  for (const name of readdirSync(modules).filter((entry) => !entry.startsWith('.')))
    symlinkSync(join(modules, name), join(folder, 'node_modules', name));
  await execa(
    'tar',
    ['-xzf', join(folder, packed.filename), '--strip-components=1', '-C', join(folder, 'node_modules/rhizome-kit')],
    { timeout },
  );
  for (const { path, content } of scaffoldFiles({ name: 'wine', vendored: true })) {
    mkdirSync(join(folder, 'infra'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const write = (path: string, content: string) => {
  writeFileSync(join(folder, path), content);
};
const run = (...argv: readonly string[]) =>
  execa(argv[0]!, argv.slice(1), { cwd: folder, timeout, reject: false, all: true });

test('npm pack contains compiled code, types, JSON, protocols, pages and templates; no source, test or model', () => {
  const paths = packed.files.map(({ path }) => path);
  const kinds = [
    /^(package\.json|README\.md|LICENSE|cli\/rhizome\.js)$/,
    /^dist\/(cli|client|infra|onnx|service)\/.+\.(js|d\.ts|json)$/,
    /^dist\/cli\/templates\/.+$/,
    /^dist\/cli\/board\/page\/(index\.html|main\.js|style\.css|icon\.svg)$/,
    /^dist\/service\/grpc\/proto\/.+\.proto$/,
    /^dist\/service\/playground\/page\/(index\.html|style\.css)$/,
  ];
  expect(paths.filter((path) => !kinds.some((kind) => kind.test(path)))).toEqual([]);
  expect(
    paths.filter((path) =>
      /test|fixture|\.case\.|schemas\/[^v]|schemas\/validate|memory-engine|dist\/infra\/(main|environments)/.test(path),
    ),
  ).toEqual([]);
  expect(paths).toEqual(
    expect.arrayContaining([
      'dist/service/main.js',
      'dist/service/playground/page/main.js',
      'dist/service/image/prune.js',
      'dist/cli/local/daemon/daemon.js',
      'dist/onnx/signature/model.schema.json',
      'dist/cli/templates/dockerignore',
      ...['index.html', 'main.js', 'style.css', 'icon.svg'].map((name) => `dist/cli/board/page/${name}`),
    ]),
  );
  expect(packed.size).toBeLessThan(1_400_000);
});

test('every export resolves, with types, with module nodenext', async () => {
  write(
    'infra/consumer.ts',
    `
    import { Chart, App } from 'cdk8s';
    import { metrics, paths, PredictionService, selectorLabels, type PredictionServiceProps } from 'rhizome-kit/infra';
    import { createApp, readConfig, serve, type Dependencies } from 'rhizome-kit/service';
    import type { Health, ModelDescription, ModelList } from 'rhizome-kit/client';
    import type { PredictionRequest, PredictionResponse, Problem } from 'rhizome-kit/client';
    import schema from 'rhizome-kit/model.schema.json' with { type: 'json' };

    const props: PredictionServiceProps = { name: 'wine', image: 'wine:v1', replicas: 3 };
    const service = new PredictionService(new Chart(new App(), 'c'), 's', props);
    export const port: number = service.servicePort;
    export const start: (env: Record<string, string>) => Promise<void> = (env) => serve(readConfig(env));
    export const fetchOf = (dependencies: Dependencies) => createApp(dependencies).fetch;
    export async function ask(url: string, row: PredictionRequest): Promise<PredictionResponse | Problem> {
      const response = await fetch(url + paths.predictions, { method: 'POST', body: JSON.stringify(row) });
      return await response.json() as PredictionResponse | Problem;
    }
    export type Bodies = [Health, ModelDescription, ModelList];
    export const title: string = schema.title + metrics.requests + Object.keys(selectorLabels('a')).join();
    // @ts-expect-error the types are not any
    export const wrong: PredictionServiceProps = { name: 1, image: 'wine:v1' };
  `,
  );
  const { all, exitCode } = await run(
    'tsc',
    '--project',
    '.',
    '--resolveJsonModule',
    '--skipLibCheck',
    'false',
    '--lib',
    'es2022,dom',
  );
  expect([exitCode, all]).toEqual([0, '']);
  rmSync(join(folder, 'infra/consumer.ts'));
});

test('the example of docs/toolkit.md type-checks and runs', async () => {
  const [, code = ''] = /^```ts\n([^]*?)^```$/m.exec(readFileSync(join(root, 'docs/toolkit.md'), 'utf8')) ?? [];
  write('infra/example.ts', `${code}\nconsole.log(chart.toJson().map(({ kind }) => kind).join(' '));\n`);
  expect(await run('tsc', '--project', '.')).toMatchObject({ exitCode: 0, all: '' });
  expect((await run('node', 'infra/example.ts')).stdout).toMatch(
    /^Namespace .*Deployment .*Ingress HorizontalPodAutoscaler$/,
  );
  rmSync(join(folder, 'infra/example.ts'));
});

test('the files that init writes synthesize with the package', async () => {
  const { exitCode, all } = await run('node', 'infra/main.ts');
  expect([exitCode, all]).toEqual([0, '']);
  expect(readdirSync(join(folder, 'charts-out'))).toEqual(['local.k8s.yaml', 'production.k8s.yaml']);
  const explained = await run(
    'node',
    'node_modules/rhizome-kit/cli/rhizome.js',
    'explain',
    'charts-out/local.k8s.yaml',
    'replicas',
  );
  expect(explained.stdout).toContain('Number of pods to keep running');
});

// The page, which of its snippets is the file, and the kinds that it adds.
const extended = [
  ['toolkit', 1, ['HorizontalPodAutoscaler', 'Ingress']],
  ['monitoring', 0, ['PodMonitor', 'PrometheusRule', 'ConfigMap']],
  ['scaling', 0, ['HorizontalPodAutoscaler', 'VerticalPodAutoscaler']],
  ['exposing', 0, ['HTTPRoute', 'GRPCRoute']],
  ['how-to/cloud', 0, ['Ingress']],
  ['how-to/cloud', 2, ['HTTPRoute', 'HealthCheckPolicy']],
] as const;
const fileOf = (page: string, snippet: number) => `infra/${page.replace('/', '-')}-${snippet}.ts`;

test('every infra/main.ts of the docs type-checks', async () => {
  for (const [page, snippet] of extended) {
    const [, code = ''] =
      [...readFileSync(join(root, `docs/${page}.md`), 'utf8').matchAll(/^```ts\n([^]*?)^```$/gm)][snippet] ?? [];
    expect(code).toContain('synthesize(app, environments, ');
    write(fileOf(page, snippet), code);
  }
  expect(await run('tsc', '--project', '.')).toMatchObject({ exitCode: 0, all: '' });
});

test.each(extended)('the infra/main.ts of docs/%s.md, snippet %d, adds objects to production', async (...example) => {
  const [page, snippet, added] = example;
  const { exitCode, all } = await run('node', fileOf(page, snippet));
  expect([exitCode, all]).toEqual([0, '']);
  const kinds = (environment: string) =>
    [...readFileSync(join(folder, 'charts-out', `${environment}.k8s.yaml`), 'utf8').matchAll(/^kind: (\w+)$/gm)].map(
      ([, kind]) => kind,
    );
  expect(kinds('production').slice(-added.length)).toEqual(added);
  expect(kinds('local')).not.toContain(added[0]);
  rmSync(join(folder, fileOf(page, snippet)));
});

test('the example of docs/tenants.md type-checks, and its services must fit into the quotas', async () => {
  const page = readFileSync(join(root, 'docs/tenants.md'), 'utf8');
  const [environments = '', main = ''] = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code!);
  mkdirSync(join(folder, 'infra/teams'));
  write('infra/teams/environments.ts', environments);
  write('infra/teams/main.ts', main.replace("'charts-out'", "'teams-out'"));
  expect(await run('tsc', '--project', '.')).toMatchObject({ exitCode: 0, all: '' });
  expect(await run('node', 'infra/teams/main.ts')).toMatchObject({ exitCode: 0, all: '' });
  expect(readdirSync(join(folder, 'teams-out'))).toEqual(
    ['iris', 'local', 'rose', 'team-cellar', 'team-flowers', 'wine'].map((name) => `${name}.k8s.yaml`),
  );
  write('infra/teams/environments.ts', environments.replace('pods: 8', 'pods: 4'));
  const { exitCode, all } = await run('node', 'infra/teams/main.ts');
  expect([exitCode, page]).toEqual([1, expect.stringContaining(all.split('\n').slice(0, 3).join('\n'))]);
  rmSync(join(folder, 'infra/teams'), { recursive: true });
});

test('the client needs nothing of Node, and the service loads without the command line', async () => {
  const { stdout } = await run(
    'node',
    '--input-type=module',
    '--eval',
    `
    const service = await import('rhizome-kit/service');
    const { createClient } = await import('rhizome-kit/client');
    const fetch = async () => Response.json({ status: 'live' });
    const health = await createClient({ url: 'http://localhost', fetch }).live();
    console.log(JSON.stringify([typeof service.createApp, health.status]));
  `,
  );
  expect(JSON.parse(stdout)).toEqual(['function', 'live']);
  const client = join(folder, 'node_modules/rhizome-kit/dist/client');
  const imported = readdirSync(client)
    .filter((name) => name.endsWith('.js'))
    .flatMap((name) =>
      [...readFileSync(join(client, name), 'utf8').matchAll(/ from ['"](.+)['"];/g)].map(([, from]) => from!),
    );
  expect(new Set(imported.filter((from) => !from.startsWith('./')))).toEqual(
    new Set(['../service/contract/endpoints.js', '../service/contract/problem-codes.js']),
  );
});

test('the command line runs from the package', async () => {
  expect(await run('node', 'node_modules/rhizome-kit/cli/rhizome.js', '--version')).toMatchObject({
    exitCode: 0,
    stdout: version,
  });
  expect(statSync(join(folder, 'node_modules/rhizome-kit/cli/rhizome.js')).mode & 0o111).toBe(0o111);
});
