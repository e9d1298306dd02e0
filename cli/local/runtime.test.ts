import { connect } from 'node:net';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './replica/clock.ts';
import { type LocalRuntime, startLocalRuntime } from './runtime.ts';
import { eventually } from './fixtures/eventually.ts';
import { FakeClock } from './fixtures/fake-clock.ts';
import { livenessProbe, project, type Wishes } from './fixtures/manifests.ts';
import { load } from './fixtures/load.ts';
import { identify, isRunning, type ProcessId } from './replica/process-id.ts';
import type { ReplicaEvent } from './replica/replica-event.ts';
import { localTarget } from '../targets/local.ts';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

async function start(
  wishes: Wishes,
  clock?: Clock,
): Promise<{ runtime: LocalRuntime; events: ReplicaEvent[]; root: string }> {
  const folder = project(wishes);
  const events: ReplicaEvent[] = [];
  const runtime = await startLocalRuntime({
    ...folder,
    port: 0,
    grpcPort: 0,
    onEvent: (event) => events.push(event),
    ...(clock === undefined ? {} : { clock }),
  });
  cleanUp.push(async () => {
    await runtime.stop(AbortSignal.abort());
    folder.remove();
  });
  return { runtime, events, root: folder.root };
}

interface Answer {
  readonly pod: string;
  readonly pid: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Over a connection of its own. */
async function get(runtime: LocalRuntime, path = '/'): Promise<Answer> {
  const response = await fetch(runtime.url + path, { headers: { connection: 'close' } });
  const body = await response.text();
  return (body === '' ? {} : JSON.parse(body)) as Answer;
}

const processes = (runtime: LocalRuntime): ProcessId[] => runtime.status().replicas.map(({ pid }) => identify(pid!)!);
const waiting = { timeoutSeconds: 20 };

test('runs replicas with their own names, ports and environment, and leaves nothing behind', async () => {
  const { runtime, root } = await start({ env: { GREETING: 'hello', MODELS_DIR: '/app/models' } });
  await runtime.waitReady(waiting);
  const [a, b] = [await get(runtime), await get(runtime)];
  expect(a.pod).toMatch(/^web-[b-z2-9]{5}$/);
  expect(a.pod).not.toBe(b.pod);
  expect(a.env.PORT).not.toBe(b.env.PORT);
  expect(a).toMatchObject({
    cwd: root,
    env: { GREETING: 'hello', HOST: '127.0.0.1', HOSTNAME: a.pod, MODELS_DIR: `${root}/models` },
  });
  expect(runtime.status()).toEqual({
    wanted: 2,
    ready: 2,
    replicas: expect.arrayContaining([
      { name: a.pod, ready: true, restarts: 0, startedAt: expect.any(String) as unknown, pid: a.pid },
    ]) as unknown,
  });
  expect(await localTarget(root).status()).toEqual(runtime.status());
  expect(await localTarget(root).url()).toBe(runtime.url);

  const ids = processes(runtime);
  await runtime.stop();
  expect(ids.some(isRunning)).toBe(false);
  expect(await localTarget(root).status()).toBeUndefined();
  await expect(get(runtime)).rejects.toThrow('fetch failed');
});

test('kill -9 under load: the replica is back within 3 s, and only its connections fail', async () => {
  const { runtime } = await start({});
  await runtime.waitReady(waiting);
  const clients = load(runtime.url, 50);
  await eventually('every client is served', 15_000, () => clients.served() > 500 && clients.unserved() === 0);

  const victim = runtime.status().replicas[0]!.pid!;
  const killedAt = performance.now();
  process.kill(victim, 'SIGKILL');
  await eventually('the loss is seen', 3000, () => runtime.status().ready === 1);
  await eventually(
    'two replicas are ready again',
    3000,
    () => runtime.status().ready === 2 && performance.now() - killedAt < 3000,
  );
  await delay(200);
  const { failures } = await clients.stop();
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.filter(({ pid }) => pid !== victim)).toEqual([]);
  expect(failures.filter(({ retry }) => retry !== 'served')).toEqual([]);
  expect(runtime.status().replicas[0]).toMatchObject({
    restarts: 1,
    reason: 'Error',
    message: 'exit code 137',
    lastTermination: { reason: 'Error', exitCode: 137, finishedAt: expect.stringMatching(/^20.*Z$/) as unknown },
  });
});

test('a crash loop restarts at once, then after 10 s, doubling up to 5 min, and never faster', async () => {
  const clock = new FakeClock();
  const { events, runtime } = await start({ replicas: 1, container: { command: ['sh', '-c', 'exit 3'] } }, clock);
  const starts = (): number => events.filter(({ reason }) => reason === 'Started').length;
  const backOffs = (): string[] => events.filter(({ reason }) => reason === 'BackOff').map(({ message }) => message);
  for (const [index, seconds] of [10, 20, 40, 80, 160, 300, 300].entries()) {
    await eventually(`back-off ${index + 1}`, 10_000, () => backOffs().length === index + 1);
    expect(backOffs()[index]).toBe(`back-off ${seconds}s restarting failed container (Error: exit code 3)`);
    expect(runtime.status().replicas[0]).toMatchObject({
      ready: false,
      restarts: index + 1,
      reason: 'CrashLoopBackOff',
      message: backOffs()[index]!,
      lastTermination: { reason: 'Error', exitCode: 3 },
    });
    await clock.advance(seconds * 1000 - 1);
    await delay(20);
    expect(starts()).toBe(index + 2);
    await clock.advance(1);
  }
});

test('replicas that crash at start fail before the timeout, with the cause', async () => {
  const { runtime } = await start({ env: { EXIT_CODE: '78' } });
  await expect(runtime.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas crash as soon as they start: 0 of 2 are ready.',
    details: expect.arrayContaining([
      expect.stringMatching(/^web-\w+: CrashLoopBackOff: .*exit code 78/),
      '  fatal: cannot go on',
    ]) as unknown,
    hint: expect.stringContaining('configuration is wrong') as unknown,
  });
});

test('a missing program is reported as a crash', async () => {
  const { runtime } = await start({ replicas: 1, container: { command: ['no-such-program'] } });
  await expect(runtime.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    details: expect.arrayContaining(['  cannot start no-such-program: spawn no-such-program ENOENT']) as unknown,
  });
});

test('a replica that never becomes ready fails at the timeout, with its reason and last log lines', async () => {
  const { runtime } = await start({ replicas: 1, env: { NEVER_READY: 'the model is missing' } });
  await eventually('a probe response', 5000, () => runtime.status().replicas[0]?.message?.includes('503'));
  await expect(get(runtime)).rejects.toThrow('fetch failed');
  await expect(runtime.waitReady({ timeoutSeconds: 1 })).rejects.toMatchObject({
    message: 'Only 0 of 1 replicas became ready within 1 s.',
    details: [
      expect.stringMatching(
        /^web-\w+: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503 the model is missing$/,
      ),
      expect.stringMatching(/^ {2}starting web-\w+$/),
    ],
    hint: expect.stringMatching(/Read the whole log \(.*web-\w+\.log\)/) as unknown,
  });
  await expect(
    runtime.waitReady({ timeoutSeconds: 60, signal: AbortSignal.abort(new Error('enough')) }),
  ).rejects.toThrow('enough');
});

test('a replica that reports that it will never become ready fails at once', async () => {
  const checks = [{ name: 'model/iris', ok: false, detail: 'cut off', final: true }];
  const { runtime } = await start({ replicas: 1, env: { NEVER_READY: JSON.stringify({ checks }) } });
  await expect(runtime.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas will not become ready: 0 of 1 are ready.',
    details: expect.arrayContaining([
      expect.stringMatching(/^web-\w+: Unhealthy: Readiness probe failed: .* model\/iris: cut off$/),
    ]) as unknown,
  });
});

test('a failing startup probe is reported at once, and is not a crash', async () => {
  const checks = [
    { name: 'listener', ok: true, detail: 'x'.repeat(300) },
    { name: 'model/iris', ok: false, detail: 'cut off' },
  ];
  const { runtime, events } = await start({
    replicas: 1,
    env: { NEVER_READY: JSON.stringify({ checks }) },
    container: { startupProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 2 } },
  });
  await expect(runtime.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas do not pass their probes: 0 of 1 are ready.',
  });
  const run = ['Started', 'Unhealthy', 'Killing', 'Exited'];
  expect(events.map(({ reason }) => reason)).toEqual([...run, ...run, 'BackOff']);
  expect(events[1]!.message).toBe('Startup probe failed: HTTP probe failed with statuscode: 503 model/iris: cut off');
});

test('a failing liveness probe restarts the replica under the same name, while the other one serves', async () => {
  const { runtime } = await start({ container: { livenessProbe } });
  await runtime.waitReady(waiting);
  const before = await get(runtime, '/');
  await fetch(`${runtime.url}/fail-liveness`, { headers: { connection: 'close' } });
  const failing = await eventually('a restart', 8000, () =>
    runtime.status().replicas.find(({ restarts }) => restarts === 1),
  );
  expect((await get(runtime)).pod).not.toBe(failing.name);
  await runtime.waitReady(waiting);
  expect(runtime.status().replicas.map(({ name }) => name)).toContain(before.pod);
  expect(runtime.status().replicas.find(({ name }) => name === failing.name)).toMatchObject({
    reason: 'Unhealthy',
    message: expect.stringMatching(/^Liveness probe failed: HTTP probe failed with statuscode: 500/) as unknown,
    lastTermination: { reason: 'Unhealthy' },
  });
});

test('a failing readiness probe: no new connections, no restart', async () => {
  const { runtime } = await start({
    container: {
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
    },
  });
  await runtime.waitReady(waiting);
  await fetch(`${runtime.url}/fail-readiness`, { headers: { connection: 'close' } });
  await eventually('it is withdrawn', 5000, () => runtime.status().ready === 1);
  const pods = new Set([(await get(runtime)).pod, (await get(runtime)).pod, (await get(runtime)).pod]);
  expect(pods.size).toBe(1);
  expect(runtime.status().replicas.every(({ restarts }) => restarts === 0)).toBe(true);
});

test("a hung process is killed after the liveness probe's own grace period and restarted", async () => {
  const { runtime } = await start({ graceSeconds: 60, container: { livenessProbe } });
  await runtime.waitReady(waiting);
  const [hung] = processes(runtime);
  process.kill(hung!.pid, 'SIGSTOP');
  await eventually('it is gone', 10_000, () => !isRunning(hung!));
  await runtime.waitReady(waiting);
  expect(runtime.status().replicas[0]).toMatchObject({
    restarts: 1,
    reason: 'Unhealthy',
    message: expect.stringContaining('no response within 1 s') as unknown,
  });
});

test('stop waits for the grace period, then kills', async () => {
  const { runtime } = await start({ replicas: 1, graceSeconds: 1, env: { IGNORE_SIGTERM: '1' } });
  await runtime.waitReady(waiting);
  const [id] = processes(runtime);
  const start_ = performance.now();
  await runtime.stop();
  expect(performance.now() - start_).toBeGreaterThan(990);
  expect(isRunning(id!)).toBe(false);
});

test('a second stop kills at once, including processes that a replica has started', async () => {
  const { runtime } = await start({
    replicas: 1,
    graceSeconds: 60,
    container: {
      command: ['sh', '-c', 'trap "" TERM; : > trapped; sleep 300 & echo child $!; wait; sleep 300'],
      readinessProbe: { exec: { command: ['test', '-e', 'trapped'] } },
    },
  });
  await runtime.waitReady(waiting);
  const [id] = processes(runtime);
  const killNow = new AbortController();
  const first = runtime.stop();
  await delay(100);
  expect(isRunning(id!)).toBe(true);
  const second = runtime.stop(killNow.signal);
  killNow.abort();
  await Promise.all([first, second]);
  expect(isRunning(id!)).toBe(false);
});

test('a slow start may take as long as its startup probe allows', async () => {
  const startupProbe = { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 10 };
  const { runtime, events } = await start({
    replicas: 1,
    env: { START_MS: '1500' },
    container: { startupProbe, livenessProbe },
  });
  await runtime.waitReady(waiting);
  expect(events.map(({ reason }) => reason)).toEqual(['Started', 'Ready']);
});

test('a client that half-closes the connection receives the whole response', async () => {
  const { runtime } = await start({ replicas: 1 });
  await runtime.waitReady(waiting);
  const socket = connect({ port: Number(new URL(runtime.url).port), host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(await text(socket)).toContain('"pod":"web-');
});
