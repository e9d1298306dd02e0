/** `npm run dev`, which is `rhizome up --watch`: it serves what you save. */
import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startService } from '../../service/fixtures/process.ts';
import { freePort, freePortFlags } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

const row = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

let workspace: Workspace;
let up: ReturnType<Workspace['start']>;
let url: string;
let output = '';
beforeAll(async () => {
  workspace = await createWorkspace();
  const port = await freePort();
  url = `http://localhost:${port}`;
  up = workspace.start('up', '--watch', '--port', String(port), '--grpc-port', String(await freePort()));
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  up.stderr.on('data', saveAtStart);
  await until('setosa', prediction, 60_000);
  // What is saved from here on is served at once.
  for (let tries = 0; !output.includes('Ctrl-C') && tries < 600; tries++) await sleep(100);
  expect(output).toContain('Ctrl-C');
});
afterAll(async () => {
  up.kill('SIGINT');
  await up;
  // The second one, if a test has failed.
  await workspace.rhizome('down');
  await workspace.remove();
});

/** Saves a file each time something happens while the replicas start. */
function saveAtStart(): void {
  if (output.includes('Predict')) up.stderr.off('data', saveAtStart);
  else writeFileSync(join(workspace.folder, 'models/iris/saved.txt'), output);
}

/** Uses a new connection each time, because a kept one may end with its replica. */
async function get(path: string, init?: RequestInit): Promise<unknown> {
  const headers = { connection: 'close', 'content-type': 'application/json' };
  const response = await fetch(url + path, { ...init, headers }).catch(() => undefined);
  return response?.ok === true ? response.json() : undefined;
}
const prediction = async () =>
  ((await get('/predictions', { method: 'POST', body: JSON.stringify(row) })) as { prediction?: string } | undefined)
    ?.prediction;
const version = async () => ((await get('/v2')) as { version?: string } | undefined)?.version;

/** Returns the milliseconds until two responses in a row, which come from both replicas, are as wanted. */
async function until(wanted: string, ask: () => Promise<string | undefined>, timeoutMs: number): Promise<number> {
  const start = performance.now();
  for (let right = 0; right < 2; right = (await ask()) === wanted ? right + 1 : 0) {
    if (performance.now() - start > timeoutMs)
      throw new Error(`no ${wanted} within ${timeoutMs} ms:\n${output.slice(-5000)}`);
    await sleep(20);
  }
  return performance.now() - start;
}

/** Returns the milliseconds until that many services, started at the same time, are ready. */
async function timeToStart(count: number): Promise<number> {
  const start = performance.now();
  const models = join(workspace.folder, 'models');
  const services = await Promise.all(Array.from({ length: count }, () => startService(models)));
  const milliseconds = performance.now() - start;
  await Promise.all(services.map((service) => service.stop()));
  return milliseconds;
}

async function change(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(join(workspace.folder, file), 'utf8');
  expect(text).toContain(from);
  await writeFile(join(workspace.folder, file), text.replaceAll(from, to));
}

test('a save while the replicas start replaces them once they serve', async () => {
  const ready = (): number => output.split(' Ready: ').length - 1;
  for (let tries = 0; ready() < 4 && tries < 300; tries++) await sleep(100);
  expect(output).toContain('models/iris/saved.txt changed: replacing the replicas.');
  expect(ready()).toBe(4);
});

test('a changed model is served within two seconds, or what three starts take on a busy machine', async () => {
  const times: number[] = [];
  for (const [from, to] of [
    ['setosa', 'Setosa'],
    ['Setosa', 'SETOSA'],
    ['SETOSA', 'setosa'],
  ] as const) {
    await change('models/iris/model.json', from, to);
    times.push(await until(to, prediction, 30_000));
  }
  console.log(`a changed model is served after ${times.map((ms) => `${Math.round(ms)} ms`).join(', ')}`);
  // Other tests use the processors too: on a busy machine, the limit follows from how long two replicas take to start
  // now.
  const median = times.toSorted((a, b) => a - b)[1]!;
  expect(median).toBeLessThan(Math.max(2000, 3 * (await timeToStart(2))));
  expect(output).toContain('models/iris/model.json changed');
});

test('changed code runs, and replacing a replica does not count as a restart', async () => {
  const before = (await version())!;
  await change('service/contract/version.ts', before, `${before}-new`);
  await until(`${before}-new`, version, 30_000);
  const { replicas } = JSON.parse((await workspace.rhizome('status', '--json')).stdout) as {
    replicas: readonly { restarts: number; ready: boolean }[];
  };
  expect(replicas.map(({ restarts, ready }) => ({ restarts, ready }))).toEqual([
    { restarts: 0, ready: true },
    { restarts: 0, ready: true },
  ]);
});

test('if a model cannot be served, the log says why, and the next save repairs it', async () => {
  const before = output.length;
  await change('models/iris/model.json', '"classes"', '"clases"');
  for (let tries = 0; !output.slice(before).includes('clases') && tries < 300; tries++) await sleep(100);
  expect(output.slice(before)).toContain('clases');
  expect(await prediction()).toBeUndefined();
  await change('models/iris/model.json', '"clases"', '"classes"');
  await until('setosa', prediction, 30_000);
});

test('changed manifests run, and invalid ones are reported while the replicas keep running', async () => {
  const before = output.length;
  await change('infra/environments.ts', '...localProfile,', '...localProfile, replicas: -1,');
  for (let tries = 0; !output.slice(before).includes('-1 is too low') && tries < 300; tries++) await sleep(100);
  expect(output.slice(before)).toContain('replicas: -1 is too low.');
  expect(await prediction()).toBe('setosa');
  await change('infra/environments.ts', 'replicas: -1,', 'replicas: 1,');
  const wanted = async (): Promise<number> =>
    (JSON.parse((await workspace.rhizome('status', '--json')).stdout) as { wanted: number }).wanted;
  for (let tries = 0; (await wanted()) !== 1 && tries < 30; tries++) await sleep(100);
  expect(await wanted()).toBe(1);
  await until('setosa', prediction, 30_000);
  expect(output.slice(before)).toContain('environments.ts changed: restarting the replicas with the new manifests.');
});

test('cdk8s.yaml is a part of the manifests, and package.json of the replicas', async () => {
  const before = output.length;
  const says = async (text: string): Promise<void> => {
    for (let tries = 0; !output.slice(before).includes(text) && tries < 300; tries++) await sleep(100);
    expect(output.slice(before)).toContain(text);
  };
  await change('cdk8s.yaml', 'output:', '# A comment.\noutput:');
  await says('cdk8s.yaml changed: the manifests are the same.');
  await change('package.json', '"scripts": {', '"scripts":  {');
  await says('package.json changed: replacing the replicas.');
  await until('setosa', prediction, 30_000);
});

test('a second up takes over, and the first one says so', async () => {
  const ports = await freePortFlags();
  const second = await workspace.rhizome('up', '--detach', '--json', ...ports);
  expect(second.exitCode).toBe(0);
  expect(await up).toMatchObject({ exitCode: 0 });
  expect(output).toMatch(/\n {2}Another `rhizome up` \(pid \d+\) takes over this project's replicas\.\n/);
  expect((await workspace.rhizome('down')).stdout).toMatch(/^removed the local runtime/);
});
