import { execa } from 'execa';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const fixture = (name: string) => join(repository, `onnx/fixtures/${name}.onnx`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-inspect-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** In an empty folder: no project is needed. */
const inspect = (...args: readonly string[]) => inspectIn(folder, ...args);
const inspectIn = (cwd: string, ...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'inspect', ...args], {
    cwd,
    reject: false,
    timeout: 30_000,
  });

test('shows the exporter, inputs, outputs and operators, and how the model will be served', async () => {
  await cp(fixture('columns'), join(folder, 'colours.onnx'));
  expect(await inspect('colours.onnx')).toMatchObject({
    exitCode: 0,
    stderr: '',
    stdout: `colours.onnx: 940 bytes, 3 weights
  by skl2onnx 1.20.0, IR version 10, opset ai.onnx.ml 1, ai.onnx 21

Inputs
  colour  string[?, 1]
  size    float32[?, 1]

Outputs
  output_label        int64[?]
  output_probability  seq(map(int64, float32))

Operators
  Cast                         1
  Concat                       1
  Gather                       1
  Reshape                      1
  ai.onnx.ml.LinearClassifier  1
  ai.onnx.ml.OneHotEncoder     1
  ai.onnx.ml.ZipMap            1

Classes: 0, 1

Served as colours 1, a classifier (the rows of a batch share one run)
  input   colour         string
  input   size           float32
  output  prediction     0, 1
  output  probabilities  of each class

This model can be served: npx rhizome add colours.onnx --name NAME`,
  });
});

test('shows the texts of the author', async () => {
  const { stdout } = await inspect(fixture('documented'));
  expect(stdout).toContain('\n  by by hand 1, IR version 8, opset ai.onnx 17, ai.onnx.ml 3\n  Doubles what it gets.\n');
  expect(stdout).toContain(
    '\nInputs\n  X      float32[N, 2]     Length and width in cm.\n  image  float32[N, 2, 2]  Of the leaf.\n',
  );
  expect(stdout).toContain('\n  input   image    float32[2, 2], Of the leaf.\n');
  expect(stdout).toContain('\nMetadata\n  author   Ada\n  licence  CC0\n');
});

test('a folder with a model.json is inspected as it will be served, and its examples are run', async () => {
  await cp(join(repository, 'models/iris'), folder, { recursive: true });
  const { stdout, exitCode } = await inspect('.', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    file: 'model.onnx',
    servable: true,
    model: {
      producer: 'skl2onnx',
      opsets: { 'ai.onnx': 9 },
      classes: [0, 1, 2],
      operators: { 'ai.onnx.ml.ZipMap': 1 },
    },
    signature: {
      task: 'classifier',
      batching: 'batched',
      classes: ['setosa', 'versicolor', 'virginica'],
      features: [{ name: 'sepal_length', type: 'float32', unit: 'cm' }, {}, {}, {}],
      examples: 3,
    },
  });

  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as { examples: { prediction: string }[] };
  json.examples[0]!.prediction = 'virginica';
  await writeFile(join(folder, 'model.json'), JSON.stringify(json));
  expect(await inspect('.')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining(
      "model.onnx cannot be served: example 0 of iris: expected 'virginica', predicted 'setosa'",
    ),
  });
});

test.each([
  ['model.onnx', '.', 'wine', '1'],
  ['.', '.', 'wine', '1'],
  ['2', '2', 'wine', '2'],
])('without a name, `inspect %s` shows that of the folder', async (argument, place, name, version) => {
  const models = join(folder, 'wine');
  await cp(fixture('columns'), join(models, place, 'model.onnx'), { recursive: true });
  const { stdout } = await inspectIn(models, argument, '--json');
  expect(JSON.parse(stdout)).toMatchObject({ signature: { name, version } });
});

test('shows the shape of images', async () => {
  const { stdout } = await inspect(join(repository, 'fixtures/training-libraries/torch-conv/model.onnx'));
  expect(stdout).toMatch(/\n {2}input +\S+ +float32\[\d+, \d+, \d+\]\n/);
});

test.each<[string, string, RegExp]>([
  [
    'an operator that ONNX has not',
    'refused/unknown',
    /the node 'activation' \(Relux\) uses an operator that ONNX does not define in opset 17/,
  ],
  [
    'an opset that the runtime has not',
    'refused/opset',
    /it uses opset 99 of ai\.onnx, but the ONNX runtime supports at most 26/,
  ],
  [
    'an output that cannot be a tensor',
    'graphs/refused-map',
    /the output 'p' is seq\(map\(int64, float32\)\), produced by the node 'vote' \(own\.Vote\)/,
  ],
])('%s: shows the description, and why the model cannot be served', async (_, name, reason) => {
  const shown = await inspect(fixture(name));
  expect(shown).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('\nOperators\n'),
    stderr: expect.stringMatching(reason),
  });
  const { exitCode, stdout } = await inspect(fixture(name), '--json');
  expect(exitCode).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    servable: false,
    reason: expect.stringMatching(reason),
    model: { operators: expect.anything() },
  });
});

test('an incomplete model is reported, in JSON too', async () => {
  await cp(fixture('wine'), join(folder, 'wine.onnx'));
  await truncate(join(folder, 'wine.onnx'), 1000);
  const { exitCode, stdout, stderr } = await inspect('wine.onnx', '--json');
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: expect.stringMatching(/wine\.onnx cannot be served: the file ends at byte 1000 in the middle of the graph/),
  });
  expect(JSON.parse(stdout)).toEqual({
    file: 'wine.onnx',
    bytes: 1000,
    servable: false,
    reason: expect.stringContaining('copy was interrupted'),
  });
});

test.each([
  ['none.onnx', /Cannot read none\.onnx: no such file or directory/],
  ['.', /Cannot read model\.onnx: no such file or directory/],
])('a file that does not exist: %s', async (path, message) => {
  expect(await inspect(path)).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(message) });
});

test('what is not a file is not read', async () => {
  await execa('mkfifo', [join(folder, 'model.onnx')]);
  expect(await inspect('model.onnx')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('it is a FIFO, expected a regular file'),
  });
});

test('a model that no generated input fits can be served, and is not verified', async () => {
  const { exitCode, stdout, stderr } = await inspect(fixture('shapes/codes'));
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(
    /\n\nNot verified: .* it did not run on any of 5 generated inputs: .*\n.*\nThis model can be served: /,
  );
  expect(JSON.parse((await inspect(fixture('shapes/codes'), '--json')).stdout)).toMatchObject({
    servable: true,
    notVerified: expect.stringContaining('out of data bounds'),
  });
});

test('a model that ends the process that runs it is reported', async () => {
  await cp(fixture('slow/crash'), join(folder, 'model.onnx'));
  const input = { X_0: 13, X_1: 0, X_2: 0, X_3: 0 };
  await writeFile(join(folder, 'model.json'), JSON.stringify({ examples: [{ input, prediction: 0 }] }));
  expect(await inspect('model.onnx')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('cannot be served: the inference process was terminated by SIGFPE'),
  });
});

test('of much metadata, and of long texts, the beginning is shown; --json has all', async () => {
  const long = `a${'b'.repeat(1000)}`;
  const metadata = [...Array.from({ length: 6000 }, (_, index) => [`key${String(index)}`, 'value']), ['long', long]];
  metadata.unshift(['log', `first line\n${'more\n'.repeat(600)}`]);
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2]), varint(bytes.length), bytes]);
  const entries = metadata.map(([key = '', each = '']) =>
    field(14, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(each))])),
  );
  await writeFile(join(folder, 'model.onnx'), Buffer.concat([await readFile(fixture('double')), ...entries]));
  const { stdout } = await inspect('model.onnx');
  expect(stdout.split('\n').length).toBeLessThan(70);
  expect(stdout).toMatch(/\n {2}log +first line.*… \(--json has all\)\n {2}key0 +value\n/);
  expect(stdout).toContain('\n  … and 5972 more: --json has all\n');
  const { model } = JSON.parse((await inspect('model.onnx', '--json')).stdout) as { model: { metadata: object } };
  expect(model.metadata).toEqual(expect.objectContaining({ long, key5999: 'value' }));
});

function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >> 7)]);
}

test('texts of a model can neither hide others nor write to the terminal', async () => {
  const bytes = (await readFile(fixture('documented')))
    .toString('latin1')
    .replace('Ada', '\u001b[8')
    .replace('CC0', '\u009bm!');
  await writeFile(join(folder, 'model.onnx'), Buffer.from(bytes, 'latin1'));
  const { stdout } = await inspect('model.onnx');
  expect(stdout).toContain('author   \\u001b[8\n');
  const json = await inspect('model.onnx', '--json');
  expect(json.stdout).not.toMatch(/\p{Cc}/u);
});
