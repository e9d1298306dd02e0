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
import type { ReplicaEvent } from './replica/replica.ts';
import { localTarget } from '../targets/local.ts';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

async function start(
  wishes: Wishes,
  clock?: Clock,
): Promise<{ engine: LocalRuntime; events: ReplicaEvent[]; root: string }> {
  const folder = project(wishes);
  const events: ReplicaEvent[] = [];
  const engine = await startLocalRuntime({
    ...folder,
    port: 0,
    grpcPort: 0,
    onEvent: (event) => events.push(event),
    ...(clock === undefined ? {} : { clock }),
  });
  cleanUp.push(async () => {
    await engine.stop(AbortSignal.abort());
    folder.remove();
  });
  return { engine, events, root: folder.root };
}

interface Answer {
  readonly pod: string;
  readonly pid: number;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Over a connection of its own. */
async function get(engine: LocalRuntime, path = '/'): Promise<Answer> {
  const response = await fetch(engine.url + path, { headers: { connection: 'close' } });
  const body = await response.text();
  return (body === '' ? {} : JSON.parse(body)) as Answer;
}

const processes = (engine: LocalRuntime): ProcessId[] => engine.status().replicas.map(({ pid }) => identify(pid!)!);
const waiting = { timeoutSeconds: 20 };

test('runs the replicas with names, ports and environment of their own, and leaves nothing behind', async () => {
  const { engine, root } = await start({ env: { GREETING: 'hello', MODELS_DIR: '/app/models' } });
  await engine.waitReady(waiting);
  const [a, b] = [await get(engine), await get(engine)];
  expect(a.pod).toMatch(/^web-[b-z2-9]{5}$/);
  expect(a.pod).not.toBe(b.pod);
  expect(a.env.PORT).not.toBe(b.env.PORT);
  expect(a).toMatchObject({
    cwd: root,
    env: { GREETING: 'hello', HOST: '127.0.0.1', HOSTNAME: a.pod, MODELS_DIR: `${root}/models` },
  });
  expect(engine.status()).toEqual({
    wanted: 2,
    ready: 2,
    replicas: expect.arrayContaining([{ name: a.pod, ready: true, restarts: 0, pid: a.pid }]) as unknown,
  });
  expect(await localTarget(root).status()).toEqual(engine.status());
  expect(await localTarget(root).url()).toBe(engine.url);

  const ids = processes(engine);
  await engine.stop();
  expect(ids.some(isRunning)).toBe(false);
  expect(await localTarget(root).status()).toBeUndefined();
  await expect(get(engine)).rejects.toThrow('fetch failed');
});

test('kill -9 under load: the count is back within 3 s, and only connections to the killed one fail', async () => {
  const { engine } = await start({});
  await engine.waitReady(waiting);
  const clients = load(engine.url, 50);
  await eventually('every client is served', 5000, () => clients.served() > 500);

  const victim = engine.status().replicas[0]!.pid!;
  const killedAt = performance.now();
  process.kill(victim, 'SIGKILL');
  await eventually('the loss is seen', 3000, () => engine.status().ready === 1);
  await eventually(
    'two replicas are ready again',
    3000,
    () => engine.status().ready === 2 && performance.now() - killedAt < 3000,
  );
  await delay(200);
  const { failures } = await clients.stop();
  expect(failures.length).toBeGreaterThan(0);
  expect(failures.filter(({ pid }) => pid !== victim)).toEqual([]);
  expect(failures.filter(({ retry }) => retry !== 'served')).toEqual([]);
  expect(engine.status().replicas[0]).toMatchObject({
    restarts: 1,
    reason: 'Error',
    message: 'exit code 137',
    lastTermination: { reason: 'Error', exitCode: 137, finishedAt: expect.stringMatching(/^20.*Z$/) as unknown },
  });
});

test('a crash loop: the first restart at once, then after 10 s, doubling to 5 min, and never faster', async () => {
  const clock = new FakeClock();
  const { events, engine } = await start({ replicas: 1, container: { command: ['sh', '-c', 'exit 3'] } }, clock);
  const starts = (): number => events.filter(({ reason }) => reason === 'Started').length;
  const backOffs = (): string[] => events.filter(({ reason }) => reason === 'BackOff').map(({ message }) => message);
  for (const [index, seconds] of [10, 20, 40, 80, 160, 300, 300].entries()) {
    await eventually(`back-off ${index + 1}`, 10_000, () => backOffs().length === index + 1);
    expect(backOffs()[index]).toBe(`back-off ${seconds}s restarting failed container (Error: exit code 3)`);
    expect(engine.status().replicas[0]).toMatchObject({
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

test('replicas that crash at their start: no waiting for the time-out, and the cause is told', async () => {
  const { engine } = await start({ env: { EXIT_CODE: '78' } });
  await expect(engine.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas crash as soon as they start: 0 of 2 are ready.',
    details: expect.arrayContaining([
      expect.stringMatching(/^web-\w+: CrashLoopBackOff: .*exit code 78/),
      '  fatal: cannot go on',
    ]) as unknown,
    hint: expect.stringContaining('configuration is wrong') as unknown,
  });
});

test('a program that is not there is reported as one that crashes', async () => {
  const { engine } = await start({ replicas: 1, container: { command: ['no-such-program'] } });
  await expect(engine.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    details: expect.arrayContaining(['  cannot start no-such-program: spawn no-such-program ENOENT']) as unknown,
  });
});

test('a replica that never gets ready: the wait ends in time with its reason and last lines; it gets no connection', async () => {
  const { engine } = await start({ replicas: 1, env: { NEVER_READY: 'the model is missing' } });
  await eventually('the probe is answered', 5000, () => engine.status().replicas[0]?.message?.includes('503'));
  await expect(get(engine)).rejects.toThrow('fetch failed');
  await expect(engine.waitReady({ timeoutSeconds: 1 })).rejects.toMatchObject({
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
    engine.waitReady({ timeoutSeconds: 60, signal: AbortSignal.abort(new Error('enough')) }),
  ).rejects.toThrow('enough');
});

test('a replica that says that it will never get ready is not waited for, and says why', async () => {
  const checks = [{ name: 'model/iris', ok: false, detail: 'cut off', final: true }];
  const { engine } = await start({ replicas: 1, env: { NEVER_READY: JSON.stringify({ checks }) } });
  await expect(engine.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas will not become ready: 0 of 1 are ready.',
    details: expect.arrayContaining([
      expect.stringMatching(/^web-\w+: Unhealthy: Readiness probe failed: .* model\/iris: cut off$/),
    ]) as unknown,
  });
});

test('a startup probe that fails: its reason is told at once, and it is no crash', async () => {
  const checks = [
    { name: 'listener', ok: true, detail: 'x'.repeat(300) },
    { name: 'model/iris', ok: false, detail: 'cut off' },
  ];
  const { engine, events } = await start({
    replicas: 1,
    env: { NEVER_READY: JSON.stringify({ checks }) },
    container: { startupProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 2 } },
  });
  await expect(engine.waitReady({ timeoutSeconds: 60 })).rejects.toMatchObject({
    message: 'The replicas do not pass their probes: 0 of 1 are ready.',
  });
  const run = ['Started', 'Unhealthy', 'Killing', 'Exited'];
  expect(events.map(({ reason }) => reason)).toEqual([...run, ...run, 'BackOff']);
  expect(events[1]!.message).toBe('Startup probe failed: HTTP probe failed with statuscode: 503 model/iris: cut off');
});

test('liveness failing: it is restarted under the same name, and the other one serves meanwhile', async () => {
  const { engine } = await start({ container: { livenessProbe } });
  await engine.waitReady(waiting);
  const before = await get(engine, '/');
  await fetch(`${engine.url}/fail-liveness`, { headers: { connection: 'close' } });
  const failing = await eventually('a restart', 8000, () =>
    engine.status().replicas.find(({ restarts }) => restarts === 1),
  );
  expect((await get(engine)).pod).not.toBe(failing.name);
  await engine.waitReady(waiting);
  expect(engine.status().replicas.map(({ name }) => name)).toContain(before.pod);
  expect(engine.status().replicas.find(({ name }) => name === failing.name)).toMatchObject({
    reason: 'Unhealthy',
    message: expect.stringMatching(/^Liveness probe failed: HTTP probe failed with statuscode: 500/) as unknown,
    lastTermination: { reason: 'Unhealthy' },
  });
});

test('readiness failing: no new connection, no restart', async () => {
  const { engine } = await start({
    container: {
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' }, periodSeconds: 1, failureThreshold: 1 },
    },
  });
  await engine.waitReady(waiting);
  await fetch(`${engine.url}/fail-readiness`, { headers: { connection: 'close' } });
  await eventually('it is withdrawn', 5000, () => engine.status().ready === 1);
  const pods = new Set([(await get(engine)).pod, (await get(engine)).pod, (await get(engine)).pod]);
  expect(pods.size).toBe(1);
  expect(engine.status().replicas.every(({ restarts }) => restarts === 0)).toBe(true);
});

test("a hung process is killed after the liveness probe's own grace period and started again", async () => {
  const { engine } = await start({ graceSeconds: 60, container: { livenessProbe } });
  await engine.waitReady(waiting);
  const [hung] = processes(engine);
  process.kill(hung!.pid, 'SIGSTOP');
  await eventually('it is gone', 10_000, () => !isRunning(hung!));
  await engine.waitReady(waiting);
  expect(engine.status().replicas[0]).toMatchObject({
    restarts: 1,
    reason: 'Unhealthy',
    message: expect.stringContaining('no answer within 1 s') as unknown,
  });
});

test('stop waits for the grace period, and kills then', async () => {
  const { engine } = await start({ replicas: 1, graceSeconds: 1, env: { IGNORE_SIGTERM: '1' } });
  await engine.waitReady(waiting);
  const [id] = processes(engine);
  const start_ = performance.now();
  await engine.stop();
  expect(performance.now() - start_).toBeGreaterThan(990);
  expect(isRunning(id!)).toBe(false);
});

test('a second wish to stop is at once, and processes that a replica has started end with it', async () => {
  const { engine } = await start({
    replicas: 1,
    graceSeconds: 60,
    container: {
      command: ['sh', '-c', 'trap "" TERM; : > trapped; sleep 300 & echo child $!; wait; sleep 300'],
      readinessProbe: { exec: { command: ['test', '-e', 'trapped'] } },
    },
  });
  await engine.waitReady(waiting);
  const [id] = processes(engine);
  const killNow = new AbortController();
  const first = engine.stop();
  await delay(100);
  expect(isRunning(id!)).toBe(true);
  const second = engine.stop(killNow.signal);
  killNow.abort();
  await Promise.all([first, second]);
  expect(isRunning(id!)).toBe(false);
});

test('a slow start takes the time that its startup probe gives it', async () => {
  const startupProbe = { tcpSocket: { port: 'http' }, periodSeconds: 1, failureThreshold: 10 };
  const { engine, events } = await start({
    replicas: 1,
    env: { START_MS: '1500' },
    container: { startupProbe, livenessProbe },
  });
  await engine.waitReady(waiting);
  expect(events.map(({ reason }) => reason)).toEqual(['Started', 'Ready']);
});

test('a client that ends its side first gets the whole answer', async () => {
  const { engine } = await start({ replicas: 1 });
  await engine.waitReady(waiting);
  const socket = connect({ port: Number(new URL(engine.url).port), host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  socket.end('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  expect(await text(socket)).toContain('"pod":"web-');
});
