import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { docker, inspect, irisImage, predict, root, start, temporaryFolder, testWithDocker, until } from './docker.ts';
import { image as contract } from '../../service/contract/index.ts';

interface State {
  readonly Running: boolean;
  readonly ExitCode: number;
}

/** Now, as `docker events` reads it. */
const seconds = (): string => String(Date.now() / 1000);

testWithDocker('serves with a read-only root file system, no capability and no way to gain one', async () => {
  await using container = await start([
    '--read-only',
    '--cap-drop',
    'ALL',
    '--security-opt',
    'no-new-privileges',
    '--memory',
    '256m',
  ]);
  await container.ready();
  expect(await predict(container.url)).toMatchObject({ prediction: 'setosa', model: { name: 'iris', version: '1' } });

  const status = await docker(['exec', container.id, 'cat', '/proc/1/status']);
  expect(status).toMatch(new RegExp(`^Uid:\\s+${contract.user}\\s`, 'm'));
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) expect(status).toMatch(new RegExp(`^Cap${set}:\\s+0+$`, 'm'));
  expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
});

testWithDocker('is process 1 itself, and exits 0 on SIGTERM once the drain delay is over', async () => {
  await using container = await start(['--env', 'DRAIN_DELAY_SECONDS=1']);
  await container.ready();
  expect(await docker(['exec', container.id, 'cat', '/proc/1/cmdline'])).toBe(
    ['node', 'service/main.ts', ''].join('\0'),
  );

  const stopped = Date.now();
  await docker(['stop', '--time', '20', container.id]);
  expect(Date.now() - stopped).toBeLessThan(6000);
  expect(await inspect<State>(container.id, '.State')).toMatchObject({ Running: false, ExitCode: 0 });
});

testWithDocker('runs another command in its place', async () => {
  const output = await docker(['run', '--rm', '--interactive', await irisImage(), 'bash'], {
    input: 'id -u; pwd; node -p 1+1\n',
  });
  expect(output.split('\n')).toEqual([String(contract.user), contract.workingDir, '2']);
});

testWithDocker('refuses a bad configuration with exit code 78 and every problem in its message', async () => {
  await using container = await start(['--env', 'PORT=eighty', '--env', 'STRICT_RANGES=perhaps']);
  await until('it exited', async () => !(await inspect<State>(container.id, '.State')).Running, 15);
  expect(await inspect<State>(container.id, '.State')).toMatchObject({ ExitCode: 78 });
  const logs = await container.logs();
  for (const problem of ['PORT is "eighty"', 'STRICT_RANGES is "perhaps"']) expect(logs).toContain(problem);
});

testWithDocker('serves a model that is mounted over the baked one', async () => {
  using folder = temporaryFolder();
  await cp(join(root, 'models/iris'), folder.path, { recursive: true });
  const signature = JSON.parse(await readFile(join(folder.path, 'model.json'), 'utf8')) as object;
  await writeFile(join(folder.path, 'model.json'), JSON.stringify({ ...signature, version: '2' }));
  // mkdtemp's folders are for their owner alone.
  await execa('chmod', ['-R', 'a+rX', folder.path]);

  await using container = await start(['--volume', `${folder.path}:${contract.modelsDir}/iris:ro`]);
  await container.ready();
  expect((await predict(container.url)).model).toEqual({ name: 'iris', version: '2' });
});

testWithDocker('is restarted by Docker after it was killed for want of memory', async () => {
  // On SIGUSR2 the service itself takes memory until the kernel kills it: an allocator started beside it by `docker exec`
  // would be the one that is killed.
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
  await container.ready();
  const since = seconds();
  await docker(['kill', '--signal', 'USR2', container.id]);
  await until('Docker restarted it', async () => (await inspect<number>(container.id, '.RestartCount')) === 1);
  const events = await docker([
    'events',
    '--since',
    since,
    '--until',
    seconds(),
    '--filter',
    `container=${container.id}`,
    '--format',
    '{{.Action}}',
  ]);
  expect(events.split('\n')).toEqual(expect.arrayContaining(['oom', 'die']));

  const port = await docker(['port', container.id, '8000']);
  const url = `http://${port}`;
  await until('it is ready again', async () => (await fetch(`${url}/readyz`)).ok);
  expect((await predict(url)).prediction).toBe('setosa');
});
