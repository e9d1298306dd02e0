/** The local runtime leaves no inference process behind, however a replica ends. */
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

let project: Workspace;
let port: number;
beforeAll(async () => {
  project = await createWorkspace();
  const folder = join(project.folder, 'models/busy');
  await mkdir(folder);
  // 50 ms per row: too slow for the event loop.
  await copyFile(join(import.meta.dirname, '../../onnx/fixtures/slow/busy-short.onnx'), join(folder, 'model.onnx'));
  port = await freePort();
  const ports = ['--port', String(port), '--grpc-port', String(await freePort())];
  const { exitCode, stderr } = await project.rhizome('up', '--detach', ...ports);
  if (exitCode !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await project.rhizome('down');
  await project.remove();
});

/** Returns the process IDs of the replicas, each with those of the processes that it started. */
async function replicaProcesses(): Promise<ReadonlyMap<number, readonly number[]>> {
  const { stdout } = await project.rhizome('status', '--json');
  const { replicas } = JSON.parse(stdout) as { replicas: { pid: number }[] };
  const all = await processes();
  return new Map(
    replicas.map(({ pid }) => [pid, all.filter(({ parent }) => parent === pid).map((process) => process.id)]),
  );
}

async function processes(): Promise<readonly { readonly id: number; readonly parent: number }[]> {
  const { stdout } = await execa('ps', ['-A', '-o', 'pid=,ppid=,state=']);
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => state?.startsWith('Z') === false)
    .map(([id, parent]) => ({ id: Number(id), parent: Number(parent) }));
}

/** Waits until none of the processes is left. */
async function expectGone(ids: readonly number[]): Promise<void> {
  expect(ids.length).toBeGreaterThan(0);
  let left = ids;
  const deadline = Date.now() + 10_000;
  while (left.length > 0 && Date.now() < deadline) {
    const running = new Set((await processes()).map(({ id }) => id));
    left = ids.filter((id) => running.has(id));
    await sleep(50);
  }
  expect(left).toEqual([]);
}

test('a replica that is killed takes its inference process with it, even while that runs a model', async () => {
  const [[victim, children]] = [...(await replicaProcesses())] as [[number, readonly number[]]];
  expect(children).toHaveLength(1);
  const row = '{"X_0":0.1,"X_1":0.2,"X_2":0.3,"X_3":0.4}';
  const rows = `[${Array.from({ length: 100 }, () => row).join(',')}]`;
  // Two connections, one to each replica, which are busy for five seconds. What they respond does not matter.
  const left = new AbortController();
  const responses = [1, 2].map(() =>
    fetch(`http://localhost:${port}/models/busy/predictions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: rows,
      signal: left.signal,
    }).catch(() => undefined),
  );
  await sleep(500);
  process.kill(victim, 'SIGKILL');
  await expectGone([victim, ...children]);
  left.abort();
  await Promise.all(responses);
  const { exitCode, stderr } = await project.rhizome('predict', 'busy', '--json', row);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
});

test('down ends the inference processes of all replicas', async () => {
  // One replica was restarted, and loads its models.
  let replicas = await replicaProcesses();
  const deadline = Date.now() + 60_000;
  while ([...replicas.values()].some((children) => children.length !== 1) && Date.now() < deadline) {
    await sleep(200);
    replicas = await replicaProcesses();
  }
  expect([...replicas.values()].map((children) => children.length)).toEqual([1, 1]);
  const ids = [...replicas].flatMap(([pid, children]) => [pid, ...children]);
  expect((await project.rhizome('down')).exitCode).toBe(0);
  await expectGone(ids);
});
