import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { detach, type DetachedRuntime, type DetachOptions } from './detach.ts';
import { eventually } from '../fixtures/eventually.ts';
import { manifests, project, type Wishes } from '../fixtures/manifests.ts';
import { localTarget } from '../../targets/local.ts';
import { printLogs } from '../logs.ts';
import { portOf } from '../replica/ports.ts';
import { ended, identify, isRunning, type ProcessId } from '../replica/process-id.ts';
import { localPaths, readState, writeState } from '../state.ts';

const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

function prepare(wishes: Wishes) {
  const folder = project(wishes);
  const target = localTarget(folder.root);
  cleanUp.push(async () => {
    await target.down();
    folder.remove();
  });
  const up = (options: Partial<DetachOptions> = {}): Promise<DetachedRuntime> =>
    detach({ ...folder, port: 0, grpcPort: 0, timeoutSeconds: 20, onEvent: () => undefined, ...options });
  return { ...folder, target, up };
}

/** Every process on record, the local runtime's first. */
async function processes(root: string): Promise<ProcessId[]> {
  const state = (await readState(root))!;
  return [state.supervisor, ...state.replicas.map(({ process: id }) => id!)];
}

test('returns once ready; other processes see status, logs and url; down removes it and is idempotent', async () => {
  const { root, target, up } = prepare({});
  const { url, pid, unsupported } = await up();
  expect(await target.url()).toBe(url);
  expect(unsupported).toEqual([]);
  const status = await target.status();
  expect(status).toMatchObject({ wanted: 2, ready: 2 });
  expect((await fetch(url)).status).toBe(200);

  let logs = '';
  const output = {
    write: (text: string) => {
      logs += text;
    },
  };
  await printLogs(root, { follow: false, signal: new AbortController().signal, output });
  for (const { name } of status!.replicas) expect(logs).toContain(`${name} | starting ${name}\n`);

  const ids = await processes(root);
  expect(ids[0]!.pid).toBe(pid);
  expect(await target.down()).toEqual([`the local runtime (pid ${pid}) and its 2 replicas`]);
  expect(ids.some(isRunning)).toBe(false);
  expect(await target.status()).toBeUndefined();
  expect(await target.url()).toBeUndefined();
  expect(await target.down()).toEqual([]);
});

test('logs are followed until the signal aborts', async () => {
  const { root, target, up } = prepare({ replicas: 1 });
  const { url } = await up();
  let logs = '';
  const over = new AbortController();
  const output = {
    write: (text: string) => {
      logs += text;
    },
  };
  const following = printLogs(root, { follow: true, signal: over.signal, output });
  await eventually('the first start', 2000, () => logs.includes('starting'));
  await fetch(`${url}/crash`).catch(() => undefined);
  await eventually('the second start', 5000, () => logs.match(/starting/g)?.length === 2);
  over.abort();
  await following;
  await target.down();
});

test('if the local runtime is killed, status reports it, and down stops the orphaned replicas', async () => {
  const { root, target, up } = prepare({});
  await up();
  const [runtime, ...replicas] = await processes(root);
  process.kill(runtime!.pid, 'SIGKILL');
  await ended([runtime!], 2000);

  expect(replicas.every(isRunning)).toBe(true);
  expect(await target.status()).toMatchObject({
    wanted: 2,
    ready: 0,
    replicas: [
      {
        ready: false,
        pid: replicas[0]!.pid,
        reason: 'Orphaned',
        message: expect.stringContaining('rhizome down') as unknown,
      },
      {},
    ],
  });
  expect(await target.url()).toBeUndefined();
  expect(await target.down()).toEqual([`2 orphaned replicas (pid ${replicas.map(({ pid }) => pid).join(', ')})`]);
  expect(replicas.some(isRunning)).toBe(false);
});

test('up stops what ran before, including orphans', async () => {
  const { root, target, up } = prepare({});
  await up();
  const first = await processes(root);
  process.kill(first[0]!.pid, 'SIGKILL');
  await ended([first[0]!], 2000);
  await up();
  const second = await processes(root);
  await up();
  expect([...first, ...second].some(isRunning)).toBe(false);
  expect(await target.status()).toMatchObject({ wanted: 2, ready: 2 });
});

test('a process that now has the ID of a replica is not touched', async () => {
  const { root, target } = prepare({});
  const stranger = spawn('sleep', ['60']);
  const status = { name: 'web-x', ready: true, restarts: 0, pid: stranger.pid! };
  const gone = { pid: 999_999, started: 'long ago' };
  writeState(root, {
    supervisor: gone,
    url: 'http://localhost:1',
    graceSeconds: 1,
    replicas: [{ status, process: { pid: stranger.pid!, started: 'long ago' } }],
  });
  expect(await target.status()).toBeUndefined();
  expect(await target.down()).toEqual([]);
  expect(isRunning(identify(stranger.pid!)!)).toBe(true);
  stranger.kill();
});

test('a failure has its cause, and leaves nothing behind', async () => {
  const { root, up } = prepare({ env: { EXIT_CODE: '3' } });
  await expect(up()).rejects.toMatchObject({
    message: 'The replicas crash as soon as they start: 0 of 2 are ready.',
    details: expect.arrayContaining(['  fatal: cannot go on']) as unknown,
  });
  expect(await readState(root)).toBeUndefined();

  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await expect(up({ port: portOf(server) })).rejects.toThrow(`Port ${portOf(server)} of this machine is in use`);
  server.close();
});

test('a port in use leaves the running replicas alone; their own port is not an obstacle', async () => {
  const { target, up } = prepare({});
  const { url, pid } = await up();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  await expect(up({ port: portOf(server) })).rejects.toThrow('is in use');
  server.close();
  expect(await target.status()).toMatchObject({ wanted: 2, ready: 2 });

  const again = await up({ port: Number(new URL(url).port) });
  expect(again.url).toBe(url);
  expect(again.pid).not.toBe(pid);
});

test('reports that another command stopped it while it started', async () => {
  const { root, target, up } = prepare({ env: { NEVER_READY: '1' } });
  const first = expect(up()).rejects.toThrow('Another `rhizome up` or `rhizome down` stopped it');
  await eventually('it is on record', 10_000, async () => (await readState(root)) !== undefined);
  await target.down();
  await first;
});

test('aborting while it starts leaves nothing behind', async () => {
  const { root, manifests: path, up } = prepare({});
  writeFileSync(path, manifests({ env: { NEVER_READY: '1' } }));
  const enough = new AbortController();
  const result = up({ signal: enough.signal });
  const failed = expect(result).rejects.toThrow('enough');
  const ids = await eventually('its processes', 5000, async () => {
    const state = await readState(root);
    return state?.replicas.every((replica) => replica.process !== undefined) === true && processes(root);
  });
  enough.abort(new Error('enough'));
  await failed;
  await delay(10);
  expect(ids.some(isRunning)).toBe(false);
  expect(await readState(root)).toBeUndefined();
  expect(localPaths(root).state).toContain(root);
});
