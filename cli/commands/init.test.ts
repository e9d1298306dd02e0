/** What `rhizome init` checks before it writes or installs anything. e2e/container/package.test.ts does the rest. */
import { execa } from 'execa';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-init-'));
});
afterEach(() => rm(folder, { recursive: true }));

const init = (...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'init', ...args], {
    cwd: folder,
    reject: false,
    timeout: 30_000,
  });

test('a file that is not a model is refused at once, and nothing is written', async () => {
  await writeFile(join(folder, 'churn.pkl'), Buffer.from([0x80, 4, 0x95, 0, 0, 0, 0]));
  const { exitCode, stderr } = await init('--model', 'churn.pkl', '--name', 'churn');
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/churn\.pkl cannot be served: it is a Python pickle/)]);
  expect(await readdir(folder)).toEqual(['churn.pkl']);
});

test('an invalid package.json and a Dockerfile outside are refused, and nothing is written', async () => {
  expect(await init('--dockerfile', '../Dockerfile')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('"../Dockerfile" is not a valid name of a Dockerfile'),
  });
  await writeFile(join(folder, 'package.json'), '{');
  expect(await init('--name', 'churn')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('package.json is not valid JSON'),
  });
  expect(await readdir(folder)).toEqual(['package.json']);
});
