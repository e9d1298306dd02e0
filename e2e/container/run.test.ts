import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import {
  docker,
  inspect,
  irisImage,
  predict,
  restricted,
  root,
  start,
  temporaryFolder,
  testWithDocker,
  waitUntil,
} from './docker.ts';
import { image as contract } from '../../service/contract/index.ts';

interface State {
  readonly Running: boolean;
  readonly ExitCode: number;
}

/** Returns the current time in seconds, the format that `docker events` accepts. */
const now = (): string => String(Date.now() / 1000);

testWithDocker('serves with a read-only root file system, no capabilities and no way to gain any', async () => {
  await using container = await start([...restricted, '--memory', '256m']);
  await container.waitUntilReady();
  expect(await predict(container.url)).toMatchObject({ prediction: 'setosa', model: { name: 'iris', version: '1' } });

  const status = await docker(['exec', container.id, 'cat', '/proc/1/status']);
  expect(status).toMatch(new RegExp(`^Uid:\\s+${contract.user}\\s`, 'm'));
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(status).toMatch(new RegExp(`^Cap${set}:\\s+0+$`, 'm'));
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
});

testWithDocker('runs as process 1, and exits 0 after SIGTERM and the drain delay', async () => {
  await using container = await start(['--env', 'DRAIN_DELAY_SECONDS=1']);
  await container.waitUntilReady();
  expect(await docker(['exec', container.id, 'cat', '/proc/1/cmdline'])).toBe(
    ['node', 'service/main.js', ''].join('\0'),
  );

  const stopped = Date.now();
  await docker(['stop', '--time', '20', container.id]);
  expect(Date.now() - stopped).toBeLessThan(6000);
  expect(await inspect<State>(container.id, '.State')).toMatchObject({ Running: false, ExitCode: 0 });
});

testWithDocker('runs another command instead of the service if one is given', async () => {
  const output = await docker(['run', '--rm', '--interactive', await irisImage(), 'bash'], {
    input: 'id -u; pwd; node -p 1+1\n',
  });
  expect(output.split('\n')).toEqual([String(contract.user), contract.workingDir, '2']);
});

testWithDocker(
  'rejects an invalid configuration with exit code 78 and a message that names every problem',
  async () => {
    await using container = await start(['--env', 'PORT=eighty', '--env', 'STRICT_RANGES=perhaps']);
    await waitUntil('it exited', async () => !(await inspect<State>(container.id, '.State')).Running, 15);
    expect(await inspect<State>(container.id, '.State')).toMatchObject({ ExitCode: 78 });
    const logs = await container.logs();
    for (const problem of ['PORT is "eighty"', 'STRICT_RANGES is "perhaps"']) expect(logs).toContain(problem);
  },
);

testWithDocker('serves a model that is mounted over the one in the image', async () => {
  using folder = temporaryFolder();
  await cp(join(root, 'models/iris'), folder.path, { recursive: true });
  const signature = JSON.parse(await readFile(join(folder.path, 'model.json'), 'utf8')) as object;
  await writeFile(join(folder.path, 'model.json'), JSON.stringify({ ...signature, version: '2' }));
  // mkdtemp creates folders that only their owner can read.
  await execa('chmod', ['-R', 'a+rX', folder.path]);

  await using container = await start(['--volume', `${folder.path}:${contract.modelsDir}/iris:ro`]);
  await container.waitUntilReady();
  expect((await predict(container.url)).model).toEqual({ name: 'iris', version: '2' });
});

testWithDocker('Docker restarts the service after the kernel killed it because it was out of memory', async () => {
  // On SIGUSR2 the service itself allocates memory until the kernel kills it. If a second process, started by
  // `docker exec`, allocated the memory, the kernel would kill that one.
  const hog = `process.on('SIGUSR2', () => { for (const all = [];;) all.push(Buffer.alloc(1e7, 1)); })`;
  await using container = await start([
    '--restart',
    'on-failure',
    '--memory',
    '192m',
    '--memory-swap',
    '192m',
    '--env',
    `NODE_OPTIONS=--import=data:text/javascript,${encodeURIComponent(hog)}`,
  ]);
  await container.waitUntilReady();
  const since = now();
  await docker(['kill', '--signal', 'USR2', container.id]);
  await waitUntil('Docker restarted it', async () => (await inspect<number>(container.id, '.RestartCount')) === 1);
  const events = await docker([
    'events',
    '--since',
    since,
    '--until',
    now(),
    '--filter',
    `container=${container.id}`,
    '--format',
    '{{.Action}}',
  ]);
  expect(events.split('\n')).toEqual(expect.arrayContaining(['oom', 'die']));

  const port = await docker(['port', container.id, '8000']);
  const url = `http://${port}`;
  await waitUntil('it is ready again', async () => (await fetch(`${url}/readyz`)).ok);
  expect((await predict(url)).prediction).toBe('setosa');
});
