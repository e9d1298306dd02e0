import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { environments } from './environments.ts';

const root = join(import.meta.dirname, '..');
const main = join(import.meta.dirname, 'main.ts');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');

let outdir: string;
beforeEach(() => {
  outdir = mkdtempSync(join(tmpdir(), 'rhizome-charts-'));
});
afterEach(() => {
  rmSync(outdir, { recursive: true });
});

/** Runs the program of cdk8s.yaml with an output folder and environment variables of the test's own. */
function synthesize(env: NodeJS.ProcessEnv = {}): void {
  const own = { RHIZOME_IMAGE: undefined, RHIZOME_ENVIRONMENT: undefined, CDK8S_OUTDIR: outdir };
  execFileSync(process.execPath, [main], { cwd: root, env: { ...process.env, ...own, ...env }, timeout: 30_000 });
}

test('charts-out is up to date: if not, run `npm run synth` and commit', () => {
  synthesize();
  expect(readdirSync(outdir)).toEqual(
    Object.keys(environments())
      .sort()
      .map((name) => `${name}.k8s.yaml`),
  );
  expect(readdirSync(join(root, 'charts-out'))).toEqual(readdirSync(outdir));
  for (const file of readdirSync(outdir))
    expect(readFileSync(join(outdir, file), 'utf8')).toBe(read('charts-out', file));
});

test('RHIZOME_IMAGE sets the image of local only', () => {
  synthesize({ RHIZOME_IMAGE: 'iris-server:v0.1.0-0123456789ab' });
  expect(readFileSync(join(outdir, 'local.k8s.yaml'), 'utf8')).toContain('image: iris-server:v0.1.0-0123456789ab\n');
  expect(readFileSync(join(outdir, 'production.k8s.yaml'), 'utf8')).toBe(read('charts-out', 'production.k8s.yaml'));
});

test('RHIZOME_ENVIRONMENT names the environment that gets the image', () => {
  synthesize({ RHIZOME_IMAGE: 'r.example/iris-server:v2', RHIZOME_ENVIRONMENT: 'production' });
  expect(readFileSync(join(outdir, 'production.k8s.yaml'), 'utf8')).toContain('image: r.example/iris-server:v2\n');
  expect(readFileSync(join(outdir, 'local.k8s.yaml'), 'utf8')).toBe(read('charts-out', 'local.k8s.yaml'));
});

test('an invalid value prints a message without a stack trace, and writes no file', () => {
  const { status, stderr } = spawnSync(process.execPath, [main], {
    cwd: root,
    env: { ...process.env, CDK8S_OUTDIR: outdir, RHIZOME_IMAGE: 'iris-server' },
    encoding: 'utf8',
    timeout: 30_000,
  });
  expect(status).toBe(1);
  expect(stderr.split('\n')).toEqual([
    "PredictionService 'iris-server' has 1 invalid prop:",
    '  image: "iris-server" has neither a tag nor a digest.',
    expect.stringMatching(/^ {4}Name a version, such as /),
    'The values are set in infra/environments.ts. The image of `local` is set in RHIZOME_IMAGE.',
    '',
  ]);
  expect(readdirSync(outdir)).toEqual([]);
});

test('cdk8s.yaml runs this program into charts-out', () => {
  expect(parse(read('cdk8s.yaml'))).toMatchObject({ app: 'node infra/main.ts', output: 'charts-out' });
});

test('kind.yaml maps the node port of local to port 8080 of the machine', () => {
  expect(parse(read('kind.yaml'))).toMatchObject({
    name: 'rhizome',
    nodes: [
      {
        role: 'control-plane',
        extraPortMappings: [
          { containerPort: environments().local?.nodePort, hostPort: 8080, listenAddress: '127.0.0.1' },
        ],
      },
      { role: 'worker' },
      { role: 'worker' },
    ],
  });
});
