import { execa } from 'execa';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { entry, place, reading } from '../../onnx/fixtures/hostile.ts';
import { Model } from '../../onnx/model.ts';

const repository = join(import.meta.dirname, '../..');
const fixture = (name: string) => join(repository, `onnx/fixtures/${name}.onnx`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-add-'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
});
afterEach(() => rm(folder, { recursive: true }));

const add = (...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'add', ...args], {
    cwd: folder,
    reject: false,
    timeout: 30_000,
  });
const modelJson = async (name: string) =>
  JSON.parse(await readFile(join(folder, 'models', name, 'model.json'), 'utf8')) as Record<string, unknown>;

test.each([
  ['columns', ['colour', 'size'], ['0', '1']],
  ['no-zipmap', ['X_0', 'X_1', 'X_2', 'X_3'], ['setosa', 'versicolor', 'virginica']],
  ['string-labels', ['X_0', 'X_1', 'X_2', 'X_3'], ['setosa', 'versicolor', 'virginica']],
  ['regressor', Array.from({ length: 10 }, (_, index) => `X_${index}`), undefined],
])(
  "%s: names and classes are the graph's, and the service reproduces the two examples",
  async (name, features, classes) => {
    const { exitCode, stdout } = await add(fixture(name), '--json');
    expect(exitCode).toBe(0);
    const added = JSON.parse(stdout) as { examples: { prediction: string | number }[] };
    expect(added).toMatchObject({
      folder: `models/${name}`,
      name,
      features: features.map((feature) => ({ name: feature })),
    });

    expect(await modelJson(name)).toMatchObject({
      name,
      features: features.map((feature) => ({ name: feature })),
      ...(classes && { classes }),
      examples: added.examples,
    });
    expect(added.examples).toHaveLength(2);
    expect(added.examples[0]!.prediction).not.toBe(added.examples[1]!.prediction);
    const model = await Model.load(join(folder, 'models', name), onnxruntime, { threads: 1 });
    await expect(model.verify()).resolves.toBeUndefined();
    expect(await readFile(join(folder, 'models', name, 'model.onnx'))).toEqual(await readFile(fixture(name)));
  },
);

test('--image describes the images of a model, and --classes reads their classes from a file', async () => {
  const colors = join(repository, 'service/fixtures/images/colors/model.onnx');
  await writeFile(join(folder, 'classes.txt'), 'red\ngreen\nblue\nbright\n');
  const { exitCode, stdout } = await add(colors, '--name', 'colors', '--image', '--classes', 'classes.txt');
  expect(exitCode).toBe(0);
  expect(stdout).toContain('an image, resized to 32 × 32 (crop, bilinear), RGB as NCHW, divided by 255');
  expect(stdout).toContain('npx rhizome predict colors photo.jpg');
  const { examples, ...json } = await modelJson('colors');
  expect(json).toMatchObject({
    features: [{ name: 'image', decode: { image: { resize: [32, 32], scale: 255, layout: 'NCHW' } } }],
    classes: ['red', 'green', 'blue', 'bright'],
    outputs: { logits: { classes: { softmax: true } } },
  });
  expect(examples).toHaveLength(2);
  const model = await Model.load(join(folder, 'models/colors'), onnxruntime, { threads: 1 });
  await expect(model.verify()).resolves.toBeUndefined();
  await model.release();

  const wrong = await add(colors, '--name', 'other', '--image', '20');
  expect(wrong.stderr).toContain('resizes to 20 × 20 pixels, but the input has 32 × 32');
  const none = await add(fixture('columns'), '--image');
  expect(none.stderr).toContain('none of the inputs colour, size is the only one with four dimensions');
});

test('--features and --classes name what the graph does not, and the output says what to try', async () => {
  const { stdout } = await add(
    join(repository, 'models/iris/model.onnx'),
    '--name',
    'flowers',
    '--features',
    'a, b,c,d',
    '--classes',
    'x,y,z',
  );
  expect(await modelJson('flowers')).toMatchObject({
    features: [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }],
    classes: ['x', 'y', 'z'],
  });
  expect(stdout).toMatch(/^models\/flowers: a classifier of 4 features\n/);
  expect(stdout).toMatch(/npx rhizome predict flowers --json '\{"a":/);
});

test('an existing model is kept, unless --force replaces it', async () => {
  await add(fixture('columns'), '--name', 'mine');
  const again = await add(fixture('regressor'), '--name', 'mine');
  expect(again).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/models\/mine exists already\.\n.*--force/),
  });
  expect((await modelJson('mine'))['features']).toHaveLength(2);
  expect(await add(fixture('regressor'), '--name', 'mine', '--force')).toMatchObject({ exitCode: 0 });
  expect((await modelJson('mine'))['features']).toHaveLength(10);
});

test('--version adds a version next to others; a model without versions becomes one, with all its files', async () => {
  await add(fixture('columns'), '--name', 'mine');
  await writeFile(join(folder, 'models/mine/train.py'), '');
  const second = await add(fixture('columns'), '--name', 'mine', '--version', '2');
  expect(second.stdout).toMatch(
    /^moved models\/mine to models\/mine\/1, .*\nmodels\/mine\/2: a classifier of 2 features\n/,
  );
  expect((await readdir(join(folder, 'models'), { recursive: true })).toSorted()).toEqual([
    'mine',
    'mine/1',
    'mine/1/model.json',
    'mine/1/model.onnx',
    'mine/1/train.py',
    'mine/2',
    'mine/2/model.json',
    'mine/2/model.onnx',
  ]);
  for (const version of ['1', '2']) {
    const model = await Model.load(
      join(folder, 'models/mine', version),
      onnxruntime,
      { threads: 1 },
      { name: 'mine', version },
    );
    await expect(model.verify()).resolves.toBeUndefined();
  }
  expect((await add(fixture('columns'), '--name', 'mine', '--version', '02')).stderr).toContain(
    'models/mine/2 exists already.',
  );
  expect((await add(fixture('columns'), '--name', 'mine')).stderr).toMatch(
    /models\/mine has the versions 1, 2\.\n.*--version 3/,
  );
  expect(await add(fixture('regressor'), '--name', 'mine', '--version', '2', '--force')).toMatchObject({ exitCode: 0 });
  expect((await modelJson('mine/2'))['features']).toHaveLength(10);
});

test('external weights are copied too, and are in the image whatever their names', async () => {
  const source = join(folder, 'exported');
  await cp(join(repository, 'fixtures/training-libraries/torch-external-data'), source, { recursive: true });
  await writeFile(join(folder, '.dockerignore'), '*\n!models/*/*.onnx*');
  const usual = await add(join(source, 'model.onnx'), '--name', 'usual');
  expect(usual.stdout).toContain('weights  model.onnx.data\n');
  expect(await readFile(join(folder, 'models/usual/model.onnx.data'))).toEqual(
    await readFile(join(source, 'model.onnx.data')),
  );
  expect(await readFile(join(folder, '.dockerignore'), 'utf8')).toBe('*\n!models/*/*.onnx*');

  // As long a name: the model's own bytes are changed with it.
  const bytes = await readFile(join(source, 'model.onnx'));
  await writeFile(
    join(source, 'model.onnx'),
    Buffer.from(bytes.toString('latin1').replaceAll('model.onnx.data', 'w/model-weights'), 'latin1'),
  );
  await mkdir(join(source, 'w'));
  await rename(join(source, 'model.onnx.data'), join(source, 'w/model-weights'));
  const other = await add(join(source, 'model.onnx'), '--name', 'other');
  expect(other.stdout).toContain('weights  w/model-weights, which .dockerignore now includes in the image\n');
  expect(await readFile(join(folder, '.dockerignore'), 'utf8')).toBe(
    '*\n!models/*/*.onnx*\n!models/other/w/model-weights\n',
  );

  await rm(join(source, 'w/model-weights'));
  const lost = await add(join(source, 'model.onnx'), '--name', 'lost');
  expect(lost).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /has weights in w\/model-weights, which cannot be copied[^]*Copy w\/model-weights, too/,
    ),
  });
  expect((await readdir(join(folder, 'models'))).toSorted()).toEqual(['other', 'usual']);
});

const trained = (name: string) => join(repository, `fixtures/training-libraries/${name}/model.onnx`);

test.each([
  [
    'isolation-forest',
    /an anomaly detector of 4 features/,
    { prediction: expect.any(Number), score: expect.any(Number) },
  ],
  [
    'float16',
    /inputs {3}image \(float16\[3, 8, 8\]\)\n {2}outputs {2}logits \(float16\[batch, 5\]\)/,
    { outputs: { logits: expect.any(Array) } },
  ],
  // Its answers depend on the other rows of a run.
  ['int8-dynamic', /a model of 4 features/, { outputs: expect.any(Object) }],
  // Scores in place of probabilities.
  ['linear-svc', /classes {2}0, 1, 2/, { prediction: expect.any(String), scores: expect.any(Object) }],
])('%s can be added, with its predictions as examples', async (name, said, example) => {
  const { stdout, exitCode } = await add(trained(name), '--name', name);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(said);
  expect((await modelJson(name))['examples']).toEqual(expect.arrayContaining([expect.objectContaining(example)]));
});

test('an example has the length that the model needs', async () => {
  expect(await add(fixture('shapes/speech'), '--name', 'speech')).toMatchObject({ exitCode: 0 });
  const { examples } = (await modelJson('speech')) as { examples: { input: { samples: number[] } }[] };
  expect(examples.map(({ input }) => input.samples.length)).toEqual([512, 512]);
});

test('a model that no generated input fits is added without examples, and what is missing is said', async () => {
  const { exitCode, stdout } = await add(fixture('shapes/codes'), '--name', 'codes');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/\nNo example was recorded\. .* did not run on any of 5 generated inputs: .*\.\n/);
  expect(stdout).toContain(
    '\nThe model is served without being verified. Add real examples to models/codes/model.json.\n',
  );
  expect(await modelJson('codes')).toEqual(expect.not.objectContaining({ examples: expect.anything() }));
});

test.each<[string, readonly string[], number, RegExp]>([
  ['what is not a model', [import.meta.filename, '--name', 'x'], 1, /add\.test\.ts cannot be served: /],
  ['a file that is not there', ['none.onnx'], 1, /Cannot read .*none\.onnx: no such file or directory/],
  [
    'too few names',
    [fixture('columns'), '--features', 'a'],
    1,
    /names 1 features, but the model has 2 \(colour, size\)/,
  ],
  [
    'a name that Kubernetes would refuse',
    [fixture('columns'), '--name', '1A'],
    2,
    /"1A" is not a valid model name: expected.*\n.*--name model-1a/,
  ],
])('refuses %s, and leaves nothing behind', async (_, args, exitCode, message) => {
  expect(await add(...args)).toMatchObject({ exitCode, stdout: '', stderr: expect.stringMatching(message) });
  expect(existsSync(join(folder, 'models')) ? await readdir(join(folder, 'models')) : []).toEqual([]);
});

test.each([
  ['two locations, of which a check may see the first', [place(0), entry('location', 'secret.txt'), place(1)]],
  ['a file elsewhere', [entry('location', '../secret.txt'), place(1)]],
  ['a link to a file elsewhere', [entry('location', 'link'), place(1)]],
])('a model with %s adds nothing of that file to the project', async (_, location) => {
  await writeFile(join(folder, 'secret.txt'), 'the secret text!');
  await mkdir(join(folder, 'download'));
  await symlink('../secret.txt', join(folder, 'download/link'));
  await writeFile(join(folder, 'download/model.onnx'), reading(location));
  const { exitCode, stderr } = await add('download/model.onnx', '--name', 'reader');
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/has the field 14 twice|not in the model's folder/)]);
  expect(await readdir(join(folder, 'models')).catch(() => [])).toEqual([]);
});

test('a model with a tokenizer.json gets a text, and its vectors become an embedding', async () => {
  const hub = join(folder, 'hub');
  const fixtures = join(repository, 'onnx/decode/text/fixtures/sentences');
  await mkdir(join(hub, '1_Pooling'), { recursive: true });
  await mkdir(join(hub, 'onnx'));
  await cp(join(fixtures, 'model.onnx'), join(hub, 'onnx/model.onnx'));
  await cp(join(fixtures, 'tokenizer.json'), join(hub, 'tokenizer.json'));
  await writeFile(join(hub, 'sentence_bert_config.json'), '{"max_seq_length": 24}');
  await writeFile(join(hub, '1_Pooling/config.json'), '{"pooling_mode_cls_token": true}');
  const { exitCode, stdout } = await add(join(hub, 'onnx/model.onnx'), '--name', 'sentences');
  expect(exitCode).toBe(0);
  expect(stdout).toContain(
    '  inputs   text  string, at most 24 tokens of tokenizer.json, for input_ids, attention_mask, token_type_ids\n',
  );
  expect(stdout).toContain(
    'There is a tokenizer.json, so requests have a text, and last_hidden_state becomes an embedding ' +
      '(its first token) of length 1. Change this in models/sentences/model.json.\n',
  );
  expect(await modelJson('sentences')).toMatchObject({
    features: [{ name: 'text', decode: { tokens: { tokenizer: 'tokenizer.json', maxLength: 24 } } }],
    outputs: { last_hidden_state: { embedding: { pool: 'cls', normalize: true, decimals: 6 } } },
    examples: [{ input: { text: expect.stringContaining('film') } }, {}],
  });
  const model = await Model.load(join(folder, 'models/sentences'), onnxruntime, { threads: 1 });
  await expect(model.verify()).resolves.toBeUndefined();
  await model.release();
  const inspected = await execa(
    process.execPath,
    [join(repository, 'cli/main.ts'), 'inspect', join(hub, 'onnx/model.onnx')],
    { timeout: 30_000 },
  );
  expect(inspected.stdout).toContain('There is a tokenizer.json: once the model is added, requests have a text,');
});

test('config.json next to a tokenizer names the classes of logits', async () => {
  const tickets = join(repository, 'examples/text/models/tickets');
  for (const name of ['model.onnx', 'tokenizer.json']) await cp(join(tickets, name), join(folder, 'hub', name));
  const id2label = { 0: 'account', 1: 'billing', 2: 'bug', 3: 'delivery' };
  await writeFile(join(folder, 'hub/config.json'), JSON.stringify({ id2label }));
  const { exitCode, stdout } = await add('hub/model.onnx', '--name', 'tickets');
  expect(exitCode).toBe(0);
  expect(stdout).toContain(
    'so requests have a text, and config.json names the classes account, billing, bug, delivery',
  );
  expect(await modelJson('tickets')).toMatchObject({
    features: [{ name: 'text', decode: { tokens: { tokenizer: 'tokenizer.json' } } }],
    outputs: { logits: { classes: { softmax: true } } },
    classes: Object.values(id2label),
  });
  const model = await Model.load(join(folder, 'models/tickets'), onnxruntime, { threads: 1 });
  expect((await model.predict([['My password does not work.']]))[0]).toMatchObject({ prediction: 'account' });
  await model.release();
});
