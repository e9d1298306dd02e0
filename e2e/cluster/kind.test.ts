/**
 * The command line on a real kind cluster, from `up` to `down`. All tests share one cluster, and each builds on those
 * before it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BoardMessage } from '../../cli/board/messages.ts';
import { addressOfBoard } from '../board/address.ts';
import { readStream } from '../board/stream.ts';
import { freePort, kindCluster, variables } from '../suite.ts';
import { listPodNames, listReplicas } from './replicas.ts';
import { context, expectSuccess, isOwn, kubectl, name, testIfSupported, useTestbed } from './testbed.ts';

const testbed = useTestbed(({ project }) => project.rhizome('down', '--on', 'kind'));
const kindTest = (title: string, run: () => Promise<void>): void => {
  testIfSupported(isOwn ? undefined : '--context names an existing cluster', title, run);
};

/** Returns the names of all pods, without the kind. */
const pods = async (): Promise<string[]> => (await listPodNames()).map((pod) => pod.replace('pod/', ''));

kindTest('up --on kind creates a cluster and deploys the service, which returns the expected prediction', async () => {
  const { image, answer, log } = await testbed().up();
  expect(image).toMatch(new RegExp(`^${name}:v0\\.1\\.0-[0-9a-f]{12}$`));
  expect(answer.prediction).toBe('setosa');
  expect(log).toContain(`$ kind create cluster --name ${kindCluster} --config kind.yaml`);
  expect(log).toMatch(
    new RegExp(`new ${name}-\\S+ {2}ready, 0 restarts, ${kindCluster}-worker\\d?, ${name}:v0\\.1\\.0-`),
  );
  const running = await listReplicas();
  expect(running.map((replica) => replica.image)).toEqual([image, image]);
  // The tag in the committed manifests is unchanged.
  expect(await readFile(join(testbed().project.folder, 'charts-out/local.k8s.yaml'), 'utf8')).toContain(
    `image: ${name}:v0.1.0\n`,
  );
});

kindTest('a second up without changes skips what is done already, and replaces no pod', async () => {
  const before = await pods();
  const { log } = await testbed().up();
  expect(await pods()).toEqual(before);
  expect(log).toContain(`  - Find or create the cluster: skipped, the cluster ${kindCluster} exists`);
  expect(log).toContain('  - Load the image: skipped, every node already has it');
  expect(log).toContain('  - Apply the manifests: skipped, the cluster already has them');
});

kindTest('status, predict and logs find the running cluster without --on', async () => {
  const status = await testbed().project.rhizome('status', '--json');
  expectSuccess(status);
  expect(JSON.parse(status.stdout)).toMatchObject({
    wanted: 2,
    ready: 2,
    updated: 2,
    available: 2,
    replicas: (await pods()).map((pod) => ({ name: pod, ready: true, restarts: 0, revision: 'new', model: 'iris 1' })),
  });
  expect((await testbed().project.rhizome('status')).stdout).toContain(
    `kind: 2 of 2 replicas ready, at http://localhost:${process.env[variables.port]}`,
  );

  const refused = await testbed().project.rhizome('predict', '--json', '{"sepal_length": "long"}');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/422[^]*#\/sepal_length/);
  const predicted = await testbed().project.rhizome('predict');
  expect(JSON.parse(predicted.stdout)).toMatchObject({ prediction: 'setosa' });

  const logs = await testbed().project.rhizome('logs');
  expectSuccess(logs);
  const names = new Set(logs.stdout.split('\n').map((line) => line.split(' | ', 1)[0]));
  expect([...names].toSorted()).toEqual(await pods());

  const following = testbed().project.start('logs', '--follow', '--tail', 'all');
  let followed = '';
  following.stdout.on('data', (chunk: Buffer) => {
    followed += chunk.toString();
  });
  await until('the existing log lines', 20_000, () => Promise.resolve(followed.includes('"msg":"ready"')));
  await fetch(`${await testbed().url()}/models?followed`);
  await until('a new log line', 10_000, () => Promise.resolve(followed.includes('"path":"/models"')));
  following.kill('SIGINT');
  expect((await following).exitCode).toBe(0);
});

kindTest('the board shows the pods with their nodes and memory, and an experiment that keeps its promise', async () => {
  const board = testbed().project.start('board');
  try {
    const address = await addressOfBoard(board);
    const messages: BoardMessage[] = [];
    const reading = readStream(`${address}stream/updates`, (message) => messages.push(message as BoardMessage));
    const latest = (kind: BoardMessage['kind']): unknown => messages.findLast((message) => message.kind === kind);
    const replica = { ready: true, node: expect.stringContaining('worker'), model: 'iris 1', revision: 'new' };
    const measured = { ...replica, memoryBytes: expect.any(Number), startedAt: expect.any(String) };
    const isMeasured = (): boolean => JSON.stringify(latest('status') ?? '').split('memoryBytes').length === 3;
    await until('the memory of both', 60_000, () => Promise.resolve(isMeasured()));
    expect(latest('status')).toMatchObject({ status: { wanted: 2, ready: 2, replicas: [measured, measured] } });

    const lines: unknown[] = [];
    const [pod = ''] = await pods();
    const log = readStream(`${address}stream/log/${pod}`, (line) => lines.push(line));
    const body = JSON.stringify({ rate: 20 });
    const results = () => messages.flatMap((message) => (message.kind === 'result' ? [message.result] : []));
    // On a busy machine a replica may need longer than promised. The tutorial tries it up to three times too.
    do {
      const before = results().length;
      expect((await fetch(`${address}experiments/kill`, { method: 'POST', body })).status).toBe(204);
      await until('the result', 120_000, () => Promise.resolve(results().length > before));
    } while (results().length < 3 && results().at(-1)?.outcome?.exceeded.length !== 0);
    expect(results().at(-1)).toMatchObject({
      name: 'kill',
      outcome: { failedTwice: 0, exceeded: [], backAfterSeconds: expect.any(Number) },
    });
    const served = messages.flatMap((message) => (message.kind === 'traffic' ? message.traffic : []));
    expect(Math.max(...served.map(({ requests }) => requests))).toBeGreaterThan(5);
    const events = JSON.stringify(messages.filter(({ kind }) => kind === 'events'));
    // Each status is a moment: what was between two of them may be missed. Kubernetes' own events tell more.
    expect(events).toMatch(/is not ready|restarted/);
    expect(events).toContain('Started: ');
    expect(lines.join('')).toContain('POST /predictions 200');
    // Once: a second signal would not wait.
    board.kill('SIGINT');
    await Promise.all([reading, log]);
    expect((await board).exitCode).toBe(0);
  } finally {
    board.kill('SIGKILL');
  }
});

kindTest(
  'on a context without a mapped port, up forwards a port until Ctrl-C, and down deletes what up applied',
  async () => {
    const on = `context=${context}`;
    const port = await freePort();
    const forwarded = `http://localhost:${port}`;
    const running = testbed().project.start('up', '--on', on, '--port', String(port));
    try {
      await until('up to finish', 120_000, async () => {
        if (running.exitCode !== null) throw new Error((await running).stderr);
        return isReady(forwarded);
      });
      await kubectl('delete', 'pod', '--all', '--wait=false');
      await until('the port-forward to reconnect', 60_000, async () => {
        const { exitCode } = await testbed().project.rhizome('predict', '--on', on);
        const now = await listReplicas();
        return exitCode === 0 && now.length === 2 && now.every(({ ready }) => ready);
      });
    } finally {
      running.kill('SIGINT');
    }
    const ended = await running;
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toContain('Watching the replicas');
    expect(await isReady(forwarded)).toBe(false);
    const mapped = await testbed().url();
    await until('the service to be ready at the mapped port', 20_000, () => isReady(mapped));

    const down = await testbed().project.rhizome('down', '--on', on);
    expectSuccess(down);
    expect(down.stdout).toContain(`deployment.apps "${name}"`);
    expect(down.stdout).toContain(`namespace "${name}"`);
    expect((await testbed().project.rhizome('down', '--on', on)).stdout).toBe('Nothing was up.');
    expect(await kubectl('get', 'namespace', name, '--ignore-not-found')).toBe('');
  },
);

kindTest('down deletes the cluster; called again, it succeeds without doing anything', async () => {
  const first = await testbed().project.rhizome('down');
  expectSuccess(first);
  const [cluster, ...tags] = first.stdout.split('\n');
  expect(cluster).toBe(`removed kind cluster ${kindCluster}`);
  for (const line of tags) expect(line).toMatch(/^removed image tag .+-[0-9a-f]{12}$/);
  const second = await testbed().project.rhizome('down', '--on', 'kind');
  expectSuccess(second);
  expect(second.stdout).toBe('Nothing was up.');
  expect((await testbed().project.rhizome('status')).exitCode).toBe(1);
});

async function isReady(base: string): Promise<boolean> {
  return fetch(`${base}/readyz`, { signal: AbortSignal.timeout(2000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function until(what: string, milliseconds: number, done: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error(`Timed out after ${milliseconds / 1000} s, waiting for ${what}.`);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
  }
}
