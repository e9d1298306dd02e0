/**
 * `rhizome` on a real kind cluster: from nothing to a prediction, through changes and kills, and away again. One cluster
 * for all tests, which build on each other in this order.
 */
import { once } from 'node:events';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { execaSync } from 'execa';
import { readModelJson } from '../../onnx/model-json.ts';
import { inOneLine, underLoad } from '../load.ts';
import { testUnless } from '../needs.ts';
import { exhaustMemory, expectQuickReturn, fiftyConnections, killProcess } from './kills.ts';
import { kubeContext, kubectl, replicas } from './replicas.ts';
import { createWorkspace, type Run, type Workspace } from '../workspace.ts';

const onCi = process.env.CI !== undefined;

/** Why these tests cannot run here. */
function whyNot(): string | undefined {
  for (const [tool, ...args] of [['docker', 'version'], ['kind', 'version'], ['kubectl', 'version', '--client']] as const) {
    const { failed, code } = execaSync(tool, args, { reject: false });
    if (failed) return `needs ${tool}: ${code === 'ENOENT' ? 'not installed' : 'it does not work'}`;
  }
  const exists = execaSync('kind', ['get', 'clusters'], { reject: false }).stdout.split('\n').includes('rhizome');
  if (exists && !onCi) return 'the kind cluster rhizome is up, and not the test\'s to delete: run `npx rhizome down --on kind`';
  return undefined;
}

const reason = whyNot();
let project: Workspace;
let url: string;
let load: Parameters<typeof fiftyConnections>[0];

if (reason === undefined) {
  beforeAll(async () => {
    project = await createWorkspace();
    await project.rhizome('down', '--on', 'kind');
    // Whatever else listens on 8080 on this machine; the README's test has the committed port.
    const port = await freePort();
    const kindConfig = join(project.folder, 'kind.yaml');
    await writeFile(kindConfig, (await readFile(kindConfig, 'utf8')).replace('hostPort: 8080', `hostPort: ${port}`));
    url = `http://localhost:${port}`;
    const example = (await readModelJson(join(project.folder, 'models/iris/model.json'))).examples![0]!;
    load = {
      url: `${url}/predictions`,
      body: JSON.stringify(example.input),
      isRight: (answer) => (answer as { prediction?: unknown }).prediction === example.prediction,
    };
  });
  afterAll(async () => {
    await project.rhizome('down', '--on', 'kind');
    await project.remove();
  });
}

/** Runs `up --on kind`, expects it to succeed, and returns the object that it prints. */
async function up(): Promise<{ readonly image: string; readonly answer: { readonly prediction: string }; readonly log: string }> {
  const run = await project.rhizome('up', '--on', 'kind', '--detach', '--json');
  expectSuccess(run);
  const result = JSON.parse(run.stdout) as { image: string; answer: { prediction: string }; steps: { step: string; seconds: number }[] };
  console.log(`up --on kind: ${result.steps.map(({ step, seconds }) => `${step} ${seconds.toFixed(1)} s`).join(', ')}`);
  return { ...result, log: run.stderr };
}

function expectSuccess(run: Run): void {
  if (run.exitCode !== 0) throw new Error(`exit code ${run.exitCode}\n${run.stdout}\n${run.stderr}`);
}

const pods = async (): Promise<string[]> => (await replicas()).map(({ pod }) => pod).toSorted();

testUnless(reason, 'up --on kind: from nothing to the asserted prediction, admitted without a warning', async () => {
  const { image, answer, log } = await up();
  expect(image).toMatch(/^iris-server:v0\.1\.0-[0-9a-f]{12}$/);
  expect(answer.prediction).toBe('setosa');
  expect(log).toContain('$ kind create cluster --name rhizome --config kind.yaml');
  expect(log).toMatch(/new iris-server-\S+ {2}iris-server:v0\.1\.0-\S+ {2}ready, 0 restarts/);
  // Pod Security warns here where "restricted" would refuse.
  expect(log).not.toContain('Warning:');
  const running = await replicas();
  expect(running.map((replica) => replica.image)).toEqual([image, image]);
  // The committed manifests keep their tag.
  expect(await readFile(join(project.folder, 'charts-out/local.k8s.yaml'), 'utf8')).toContain('image: iris-server:v0.1.0\n');
});

testUnless(reason, 'up again without a change: nothing is made anew, no pod rolls, kubectl diff is empty', async () => {
  const before = await pods();
  const { log } = await up();
  expect(await pods()).toEqual(before);
  expect(log).toContain('  - Have the cluster: skipped, the cluster rhizome is there');
  expect(log).toContain('  - Load the image: skipped, every node has it');
  expect(log).toContain('  - Apply the manifests: skipped, the cluster has them');
  // Fails where another apply would change something.
  await kubectl('diff', '--server-side', '--force-conflicts', '--field-manager=rhizome', '-f', join(project.folder, '.rhizome/charts/local.k8s.yaml'));
});

testUnless(reason, 'status, predict and logs find what is up by themselves', async () => {
  const status = await project.rhizome('status', '--json');
  expectSuccess(status);
  expect(JSON.parse(status.stdout)).toEqual({
    wanted: 2, ready: 2, replicas: (await pods()).map((name) => ({ name, ready: true, restarts: 0 })),
  });
  expect((await project.rhizome('status')).stdout).toContain(`kind: 2 of 2 replicas ready, at ${url}`);

  const refused = await project.rhizome('predict', '--json', '{"sepal_length": "long"}');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/422[^]*#\/sepal_length/);
  const predicted = await project.rhizome('predict');
  expect(JSON.parse(predicted.stdout)).toMatchObject({ prediction: 'setosa' });

  const logs = await project.rhizome('logs');
  expectSuccess(logs);
  const names = new Set(logs.stdout.split('\n').map((line) => line.split(' | ', 1)[0]));
  expect([...names].toSorted()).toEqual(await pods());

  const following = project.start('logs', '--follow');
  let followed = '';
  following.stdout.on('data', (chunk: Buffer) => { followed += chunk.toString(); });
  await until('the log so far', 20_000, () => Promise.resolve(followed.includes('"msg":"ready"')));
  await fetch(`${url}/models?followed`);
  await until('a new log line', 10_000, () => Promise.resolve(followed.includes('"path":"/models"')));
  following.kill('SIGINT');
  expect((await following).exitCode).toBe(0);
});

testUnless(reason, 'a replica killed with SIGKILL under load comes back, and costs only what was on it', async () => {
  const [victim] = await replicas();
  await expectQuickReturn('kill -9', load, killProcess, victim!);
});

testUnless(reason, 'a replica that runs out of memory under load comes back, and status says why', async () => {
  const [, victim] = await replicas();
  await expectQuickReturn('out of memory', load, exhaustMemory, victim!);
  const status = JSON.parse((await project.rhizome('status', '--json')).stdout) as { replicas: { name: string; reason?: string }[] };
  expect(status.replicas.find(({ name }) => name === victim!.pod)?.reason).toBe('OOMKilled');
});

testUnless(reason, 'up after a change of the code: a new tag, the pods roll, and no request fails meanwhile', async () => {
  const before = await replicas();
  await appendFile(join(project.folder, 'service/main.ts'), '\n// changed\n');
  let image = '';
  const reports = await underLoad(fiftyConnections(load), async () => { ({ image } = await up()); }, { before: 2000, after: 10_000 });
  console.log(`rolling update: keep-alive ${inOneLine(reports[0]!)}; new ${inOneLine(reports[1]!)}`);
  expect(reports.flatMap(({ failures }) => failures)).toEqual([]);

  const after = await replicas();
  expect(image).not.toBe(before[0]!.image);
  expect(after.map((replica) => replica.image)).toEqual([image, image]);
  expect(after.filter(({ pod }) => before.some((old) => old.pod === pod))).toEqual([]);
});

testUnless(reason, 'a broken image is reported with its cause, and the replicas before it go on serving', async () => {
  const main = join(project.folder, 'service/main.ts');
  const good = await readFile(main, 'utf8');
  const before = await pods();
  await writeFile(main, `throw new Error('broken on purpose');\n`);
  const started = Date.now();
  const { exitCode, stderr } = await project.rhizome('up', '--on', 'kind', '--detach');
  await writeFile(main, good);
  console.log(`broken image: reported after ${Math.round((Date.now() - started) / 1000)} s\n${stderr.slice(stderr.lastIndexOf('✗'))}`);

  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/The rollout failed: iris-server-\S+ is in CrashLoopBackOff: .* 2 replicas of the version before still serve\./);
  expect(stderr).toContain('broken on purpose');
  expect(stderr).toContain('rollout undo deployment/iris-server');
  expect(stderr).not.toContain('    at main');
  expect(await pods()).toEqual(expect.arrayContaining(before));
  expect(JSON.parse((await project.rhizome('predict')).stdout)).toMatchObject({ prediction: 'setosa' });
  // Corrected: the good image is known to Docker and to the nodes.
  await up();
});

testUnless(reason, 'a context without a mapped port: up leads one there until Ctrl-C, down removes what was applied', async () => {
  const on = `context=${kubeContext}`;
  const port = await freePort();
  const forwarded = `http://localhost:${port}`;
  const running = project.start('up', '--on', on, '--port', String(port));
  try {
    await until('up to be ready', 120_000, async () => {
      if (running.exitCode !== null) throw new Error((await running).stderr);
      return answers(forwarded);
    });
    await kubectl('delete', 'pod', '--all', '--wait=false');
    await until('the port-forward to reconnect', 60_000, async () => {
      const { exitCode } = await project.rhizome('predict', '--on', on);
      return exitCode === 0 && (await replicas()).every(({ ready }) => ready);
    });
  } finally {
    running.kill('SIGINT');
  }
  const ended = await running;
  expect(ended.exitCode).toBe(0);
  expect(ended.stderr).toContain('Watching the replicas');
  expect(await answers(forwarded)).toBe(false);
  expect(await answers(url)).toBe(true);

  const down = await project.rhizome('down', '--on', on);
  expectSuccess(down);
  expect(down.stdout).toContain('deployment.apps "iris-server"');
  expect(down.stdout).toContain('namespace "iris-server"');
  expect((await project.rhizome('down', '--on', on)).stdout).toBe('Nothing was up.');
  expect(await kubectl('get', 'namespace', 'iris-server', '--ignore-not-found')).toBe('');
});

testUnless(reason, 'down removes the cluster, as often as it is called', async () => {
  const first = await project.rhizome('down');
  expectSuccess(first);
  expect(first.stdout).toBe('removed kind cluster rhizome');
  const second = await project.rhizome('down', '--on', 'kind');
  expectSuccess(second);
  expect(second.stdout).toBe('Nothing was up.');
  expect((await project.rhizome('status')).exitCode).toBe(1);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function answers(base: string): Promise<boolean> {
  return fetch(`${base}/readyz`, { signal: AbortSignal.timeout(2000) }).then(({ ok }) => ok, () => false);
}

async function until(what: string, milliseconds: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!await done()) {
    if (Date.now() > deadline) throw new Error(`Waited ${milliseconds / 1000} s for ${what}.`);
    await new Promise((resolve) => { setTimeout(resolve, 300); });
  }
}
