/** `npm run e2e` leaves nothing behind, however the tests end. A test written here takes the place of the real ones. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa, execaSync } from 'execa';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-run-'));
  await mkdir(join(folder, 'e2e'));
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a test that creates a folder and a long-running process, and then runs the code in `then`. */
const writeTest = (then: string): Promise<void> =>
  writeFile(
    join(folder, 'e2e/leaves.test.js'),
    `
  import { spawn } from 'node:child_process';
  import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  import { cleanUpAtEnd } from '${root}/e2e/cleanup.ts';
  test('leaves things', async () => {
    const made = mkdtempSync(join(tmpdir(), 'left-'));
    cleanUpAtEnd('sh', '-c', 'echo second >> ${folder}/undone');
    cleanUpAtEnd('sh', '-c', 'echo first >> ${folder}/undone');
    const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
    child.unref();
    writeFileSync('${folder}/making', JSON.stringify({ made, pid: child.pid }));
    renameSync('${folder}/making', '${folder}/made');
    ${then}
  });`,
  );

/** Starts e2e/run.ts with that test. */
function start() {
  const runner = join(root, 'node_modules/jest-light-runner/src/child-process.js');
  const projects = [
    { displayName: 'e2e', rootDir: folder, testMatch: ['<rootDir>/e2e/*.test.js'], runner, transform: {} },
  ];
  const config = JSON.stringify({ rootDir: folder, projects });
  // With a context, the run does not look for the suite's own cluster, which another run may be using.
  const args = ['--context', 'none', '--config', config, 'e2e/leaves'];
  return execa(process.execPath, [join(root, 'e2e/run.ts'), ...args], {
    reject: false,
    timeout: 90_000,
    forceKillAfterDelay: 60_000,
  });
}

function expectNothingLeft(output: string): void {
  if (!existsSync(join(folder, 'made'))) throw new Error(`the test did not run:\n${output}`);
  const { made, pid } = JSON.parse(readFileSync(join(folder, 'made'), 'utf8')) as { made: string; pid: number };
  expect(existsSync(made)).toBe(false);
  // A zombie has ended; its parent collects it.
  expect(execaSync('ps', ['-o', 'stat=', '-p', String(pid)], { reject: false }).stdout).toMatch(/^(Z.*)?$/);
  expect(readFileSync(join(folder, 'undone'), 'utf8')).toBe('first\nsecond\n');
}

test.each([
  ['passes', '', 0],
  ['fails', `throw new Error('on purpose');`, 1],
  ['ends the whole process', 'process.exit(3);', 3],
])('a run whose test %s leaves nothing', async (_what, then, code) => {
  await writeTest(then);
  const { exitCode, stderr } = await start();
  expectNothingLeft(stderr);
  expect(exitCode).toBe(code);
});

test.each(['SIGINT', 'SIGTERM'] as const)('a run that %s ends leaves nothing and exits with 130', async (signal) => {
  await writeTest('await new Promise((resolve) => setTimeout(resolve, 600_000));');
  const running = start();
  for (let tries = 0; !existsSync(join(folder, 'made')) && tries < 600; tries++) await sleep(100);
  running.kill(signal);
  const { exitCode, stderr } = await running;
  expectNothingLeft(stderr);
  expect(exitCode).toBe(130);
});

test('wrong usage prints the usage and runs nothing', async () => {
  for (const args of [['--context'], ['--registry', 'registry.example']]) {
    const { exitCode, stderr } = await execa(process.execPath, [join(root, 'e2e/run.ts'), ...args], {
      reject: false,
      timeout: 60_000,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('npm run e2e -- [--context NAME [--registry REGISTRY]]');
  }
});
