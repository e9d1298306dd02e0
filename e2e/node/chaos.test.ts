/** `rhizome load` and `rhizome chaos` on this machine: real replicas, real signals, real requests. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rhizomeOnTerminal, screenOf, testOnTerminal, withoutColours } from '../pseudo-terminal.ts';
import { freePort, freePortFlags } from '../suite.ts';
import { createWorkspace, type Workspace } from '../workspace.ts';

let project: Workspace;
beforeAll(async () => {
  project = await createWorkspace();
  const { exitCode, stderr } = await project.rhizome(
    'up',
    '--detach',
    '--port',
    String(await freePort()),
    '--grpc-port',
    String(await freePort()),
  );
  if (exitCode !== 0) throw new Error(stderr);
});
afterAll(async () => {
  await project.rhizome('down');
  await project.remove();
});

interface Outcome {
  readonly experiment: string;
  readonly skipped?: string;
  readonly sent?: number;
  readonly refused?: number;
  readonly p99Ms?: number;
  readonly failedTwice?: number;
  readonly backAfterSeconds?: number;
  readonly exceeded: readonly string[];
}

test('load sends the examples at the given rate and checks every response', async () => {
  const { exitCode, stdout, stderr } = await project.rhizome('load', '--rate', '40', '--for', '2s', '--json');
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const report = JSON.parse(stdout) as { sent: number; failed: number };
  expect(report).toMatchObject({ failed: 0 });
  // Every request that is due is sent, even if late.
  expect(report.sent).toBeGreaterThanOrEqual(79);
});

test('chaos kill and hang: replicas recover, no request fails twice; what cannot run here is skipped', async () => {
  const { exitCode, stdout, stderr } = await project.rhizome(
    'chaos',
    'kill',
    'hang',
    'drain',
    'oom',
    '--rate',
    '20',
    '--json',
  );
  const outcomes = JSON.parse(stdout) as Outcome[];
  expect({ exceeded: outcomes.map(({ exceeded }) => exceeded), exitCode, stderr }).toMatchObject({ exitCode: 0 });
  expect(outcomes.map(({ experiment, skipped }) => [experiment, skipped])).toEqual([
    ['kill', undefined],
    ['oom', 'local replicas have no memory limit'],
    ['drain', 'this machine is the only node'],
    ['hang', undefined],
  ]);
  for (const outcome of outcomes.filter(({ skipped }) => skipped === undefined)) {
    expect(outcome).toMatchObject({ failedTwice: 0, exceeded: [] });
    expect(outcome.sent).toBeGreaterThan(100);
    expect(outcome.backAfterSeconds).toBeGreaterThan(0);
  }
});

/** Returns how often the replicas were restarted, all together. */
async function restarts(of: Workspace): Promise<number> {
  const status = JSON.parse((await of.rhizome('status', '--json')).stdout) as { replicas: { restarts: number }[] };
  return status.replicas.reduce((sum, replica) => sum + replica.restarts, 0);
}

test('chaos overload: what the replicas cannot serve is refused, and they stay', async () => {
  // With a model that takes 50 ms a row, a few requests are an overload: more would keep this machine busy instead.
  const slow = await createWorkspace();
  try {
    const model = join(import.meta.dirname, '../../onnx/fixtures/slow/busy-short.onnx');
    const added = await slow.rhizome('add', model, '--name', 'slow');
    expect({ ...added }).toMatchObject({ exitCode: 0 });
    await rm(join(slow.folder, 'models/iris'), { recursive: true });
    const ports = await freePortFlags();
    const up = await slow.rhizome('up', '--detach', ...ports);
    expect({ ...up }).toMatchObject({ exitCode: 0 });
    const { exitCode, stdout, stderr } = await slow.rhizome('chaos', 'overload', '--json');
    const [outcome] = JSON.parse(stdout) as [Outcome];
    expect({ outcome, exitCode, stderr }).toMatchObject({
      outcome: { experiment: 'overload', expectedImpact: 'refusals only', failed: 0, exceeded: [] },
      exitCode: 0,
    });
    expect(outcome.refused).toBeGreaterThan(0);
    expect(outcome.refused).toBeLessThan(outcome.sent!);
    expect(outcome.p99Ms).toBeGreaterThan(0);
    expect(await restarts(slow)).toBe(0);
  } finally {
    await slow.rhizome('down');
    await slow.remove();
  }
});

testOnTerminal('on a terminal chaos shows a live plot, and a table of 80 columns', async () => {
  const { exitCode, stdout } = await rhizomeOnTerminal(project.folder, 'chaos', 'kill', '--rate', '20');
  expect({ exitCode, stdout }).toMatchObject({ exitCode: 0 });
  expect(stdout).toMatch(/\d+ ms │[^]*└┬/);
  const lines = screenOf(stdout).map(withoutColours);
  expect(lines.filter((line) => line.length > 80 || line.includes('│'))).toEqual([]);
  expect(lines.filter((line) => /^✓ kill +one retry +\d+ +\d+ +0 /.test(line))).toHaveLength(1);
});

test('chaos with an unknown experiment is wrong usage', async () => {
  const { exitCode, stderr } = await project.rhizome('chaos', 'earthquake');
  expect(exitCode).toBe(2);
  expect(stderr).toContain(
    'Allowed choices are kill, oom, drain, rollout, hang, bad-image, crashloop, node-stop, overload, all.',
  );
});
