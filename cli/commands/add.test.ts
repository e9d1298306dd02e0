import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { Model } from '../../onnx/model.ts';

const repository = join(import.meta.dirname, '../..');
const fixture = (name: string) => join(repository, `onnx/fixtures/${name}.onnx`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-add-'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
});
afterEach(() => rm(folder, { recursive: true }));

const add = (...args: readonly string[]) => execa(process.execPath, [join(repository, 'cli/main.ts'), 'add', ...args], { cwd: folder, reject: false, timeout: 30_000 });
const modelJson = async (name: string) => JSON.parse(await readFile(join(folder, 'models', name, 'model.json'), 'utf8')) as Record<string, unknown>;

test.each([
  ['columns', ['colour', 'size'], ['0', '1']],
  ['no-zipmap', ['X_0', 'X_1', 'X_2', 'X_3'], ['setosa', 'versicolor', 'virginica']],
  ['string-labels', ['X_0', 'X_1', 'X_2', 'X_3'], ['setosa', 'versicolor', 'virginica']],
  ['regressor', Array.from({ length: 10 }, (_, index) => `X_${index}`), undefined],
])('%s: names and classes are the graph\'s, and the service reproduces the two examples', async (name, features, classes) => {
  const { exitCode, stdout } = await add(fixture(name), '--json');
  expect(exitCode).toBe(0);
  const added = JSON.parse(stdout) as { examples: { prediction: string | number }[] };
  expect(added).toMatchObject({ folder: `models/${name}`, name, features: features.map((feature) => ({ name: feature })) });

  expect(await modelJson(name)).toMatchObject({ name, features: features.map((feature) => ({ name: feature })), ...(classes && { classes }), examples: added.examples });
  expect(added.examples).toHaveLength(2);
  expect(added.examples[0]!.prediction).not.toBe(added.examples[1]!.prediction);
  const model = await Model.load(join(folder, 'models', name), onnxruntime, { threads: 1 });
  await expect(model.verify()).resolves.toBeUndefined();
  expect(await readFile(join(folder, 'models', name, 'model.onnx'))).toEqual(await readFile(fixture(name)));
});

test('--features and --classes name what the graph does not, and the answer says what to try', async () => {
  const { stdout } = await add(join(repository, 'models/iris/model.onnx'), '--name', 'flowers', '--features', 'a, b,c,d', '--classes', 'x,y,z');
  expect(await modelJson('flowers')).toMatchObject({ features: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }], classes: ['x', 'y', 'z'] });
  expect(stdout).toMatch(/^models\/flowers: a classifier of 4 features\n/);
  expect(stdout).toMatch(/npx rhizome predict --json '\{"a":/);
});

test('a model that is there stays, unless --force replaces it', async () => {
  await add(fixture('columns'), '--name', 'mine');
  const again = await add(fixture('regressor'), '--name', 'mine');
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/models\/mine is there already\.\n.*--force/) });
  expect((await modelJson('mine'))['features']).toHaveLength(2);
  expect(await add(fixture('regressor'), '--name', 'mine', '--force')).toMatchObject({ exitCode: 0 });
  expect((await modelJson('mine'))['features']).toHaveLength(10);
});

test.each<[string, readonly string[], number, RegExp]>([
  ['what is no model', [import.meta.filename, '--name', 'x'], 1, /add\.test\.ts cannot be served: /],
  ['a file that is not there', ['none.onnx'], 1, /Cannot read .*none\.onnx: ENOENT/],
  ['too few names', [fixture('columns'), '--features', 'a'], 1, /names 1 features, and the model has 2 \(colour, size\)/],
  ['a name that Kubernetes would refuse', [fixture('columns'), '--name', '1A'], 2, /"1A" is no name for a model: expected lower-case/],
])('refuses %s, and leaves nothing behind', async (_, args, exitCode, message) => {
  expect(await add(...args)).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(message) });
  expect(existsSync(join(folder, 'models')) ? await readdir(join(folder, 'models')) : []).toEqual([]);
});
