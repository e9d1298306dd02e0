import { execa } from 'execa';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { Model } from '../../onnx/model.ts';
import type { ModelJson } from '../../onnx/signature/model-json.ts';
import { addModel, type AddedModel, type AddOptions } from '../steps/add-model.ts';

const repository = join(import.meta.dirname, '../..');
const iris = join(repository, 'cli/training-data/fixtures/iris.csv');
const trained = (name: string): string => join(repository, `fixtures/training-libraries/${name}/model.onnx`);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-data-'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
});
afterEach(() => rm(folder, { recursive: true }));

const rhizome = (...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), ...args], { cwd: folder, reject: false, timeout: 30_000 });
const modelJson = async (name: string): Promise<ModelJson> =>
  JSON.parse(await readFile(join(folder, 'models', name, 'model.json'), 'utf8')) as ModelJson;

/** Adds a model with a training file that has these lines. */
async function add(
  file: string,
  lines: readonly string[],
  options: Partial<AddOptions> = {},
): Promise<AddedModel & { readonly json: ModelJson }> {
  const data = join(folder, 'train');
  await writeFile(data, lines.map((line) => `${line}\n`).join(''));
  const added = await addModel(folder, { file, name: 'model', data, force: true, ...options });
  return { ...added, json: await modelJson('model') };
}

test('a training file gives names, units, ranges and real examples; --target compares predictions', async () => {
  const added = await rhizome(
    ...['add', trained('logistic-regression-strings'), '--name', 'iris', '--data', iris, '--target', 'species'],
  );
  expect(added.exitCode).toBe(0);
  expect(added.stderr).toContain(
    `The graph does not name its columns: they are those of ${iris}, in the same order. ` +
      'sepal length (cm) is called sepal_length, ',
  );
  expect(added.stdout).toContain('  inputs   sepal_length  float32, 4.3 to 7.9 cm\n           sepal_width   float32');
  expect(added.stdout).toContain(
    `\n\nThe model predicts species as in the file for 146 of 150 rows of ${iris} (97.3%).\n` +
      `The units, ranges, choices and examples are from ${iris}. Change them in models/iris/model.json.\n`,
  );
  const { features = [], examples = [], distribution } = await modelJson('iris');
  expect(features.map(({ distribution: _, ...feature }) => feature)).toEqual([
    { name: 'sepal_length', unit: 'cm', range: [4.3, 7.9] },
    { name: 'sepal_width', unit: 'cm', range: [2, 4.4] },
    { name: 'petal_length', unit: 'cm', range: [1, 6.9] },
    { name: 'petal_width', unit: 'cm', range: [0.1, 2.5] },
  ]);
  expect(features[3]?.distribution).toEqual({
    bounds: [0.2, 0.4, 1.2, 1.3, 1.5, 1.8, 1.9, 2.2],
    shares: [0.2267, 0.0933, 0.1133, 0.0867, 0.1333, 0.12, 0.0333, 0.1, 0.0933],
  });
  expect(distribution).toEqual({ shares: [0.3333, 0.32, 0.3467] });
  const text = await readFile(join(folder, 'models/iris/model.json'), 'utf8');
  expect(text).toContain('\n      "range": [4.3, 7.9],\n');
  const rows = (await readFile(iris, 'utf8')).split('\n').map((line) => line.split(','));
  expect(examples).toHaveLength(2);
  // The model is wrong about four flowers: none of them is an example.
  for (const { input, prediction } of examples)
    expect(rows).toContainEqual([...Object.values(input).map((value) => Number(value).toFixed(1)), prediction]);
  const model = await Model.load(join(folder, 'models/iris'), onnxruntime, { threads: 1 });
  await expect(model.verify()).resolves.toBeUndefined();
  const inspected = await rhizome('inspect', 'models/iris');
  expect(inspected.stdout).toContain('  input   petal_width    float32, 0.1 to 2.5 cm\n');
});

test('columns match by similar names; texts that are repeated are choices', async () => {
  const cities = ['Bern', 'Chur', 'Bern', 'Chur', 'Bern', 'Chur'];
  const { data, json } = await add(trained('column-transformer'), [
    'id;City;plan;Age (years);calls',
    ...cities.map((city, index) => `${String(index)};${city};only ${String(index)};${String(30 + index)}.0;3.0`),
  ]);
  expect(data?.notes).toEqual([
    'Columns with similar names: City is city, Age (years) is age.',
    'Columns that are not features of the model: id.',
  ]);
  expect(json.features?.map(({ distribution: _, ...feature }) => feature)).toEqual([
    { name: 'city', choices: ['Bern', 'Chur'] },
    { name: 'plan' },
    { name: 'age', unit: 'years', range: [30, 35] },
    { name: 'calls', range: [3, 3] },
  ]);
  expect(json.examples?.[0]?.input).toMatchObject({ city: expect.stringMatching(/^(Bern|Chur)$/), calls: 3 });
});

test('a regressor is compared by its mean absolute error, also with JSON lines', async () => {
  const { runs } = JSON.parse(
    await readFile(trained('linear-regression').replace('model.onnx', 'expected.json'), 'utf8'),
  ) as {
    runs: { inputs: { data: number[] }[]; outputs: { data: number[] }[] }[];
  };
  const [{ data: values } = { data: [] }] = runs[0]?.inputs ?? [];
  const predictions = runs[0]?.outputs[0]?.data ?? [];
  const names = ['age', 'sex', 'bmi', 'bp', 's1'];
  const rows = predictions.map((prediction, row) => ({
    ...Object.fromEntries(names.map((name, column) => [name, values[5 * row + column]])),
    price: prediction + (row % 2 === 0 ? 10 : -20),
  }));
  const { data, json } = await add(
    trained('linear-regression'),
    rows.map((row) => JSON.stringify(row)),
    { target: 'price' },
  );
  expect(json.features?.map(({ name }) => name)).toEqual(names);
  expect(json.distribution?.bounds?.length).toBeGreaterThan(3);
  expect(data?.agreement).toMatchObject({ rows: 8, same: undefined, meanAbsoluteError: expect.closeTo(15, 3) });
});

test('a missing value makes a feature nullable if the model accepts it; otherwise the row is left out', async () => {
  const lines = ['a,b,c,d', '5.1,3.5,1.4,0.2', ',3.5,1.4,0.2', '6.3,3.3,6,NA', '6.5,3,5.8,2.2'];
  const accepting = await add(trained('missing-values'), lines);
  expect(accepting.json.features?.map(({ nullable = false }) => nullable)).toEqual([true, false, false, true]);
  expect(accepting.data).toMatchObject({
    rows: 4,
    incomplete: 0,
    notes: expect.arrayContaining(['Some values are missing, and may be in requests: a, d.']),
  });
  const refusing = await add(trained('logistic-regression'), lines);
  expect(refusing.json.features?.map(({ nullable = false }) => nullable)).toEqual([false, false, false, false]);
  expect(refusing.data).toMatchObject({
    rows: 4,
    incomplete: 2,
    notes: expect.arrayContaining(['2 of 4 rows were left out: they lack values that the model needs.']),
  });
});

const header = 'a,b,c,d,species';
const strings = trained('logistic-regression-strings');
test.each<[string, string, readonly string[], Partial<AddOptions>, object]>([
  [
    'a target that is not a column, naming the nearest',
    strings,
    [header, '1,2,3,4,setosa'],
    { target: 'specis' },
    { exitCode: 2, message: /has no column specis\.$/, details: ['the nearest column: species'] },
  ],
  [
    'another number of columns',
    strings,
    [header, '1,2,3,4,setosa'],
    {},
    { exitCode: 2, message: /has 5 columns, but the model has 4 features without a name/, hint: /--target/ },
  ],
  [
    'columns that match no feature, naming the nearest',
    trained('column-transformer'),
    ['city,plan,ages,calls', 'Bern,basic,30,3'],
    {},
    { exitCode: 2, message: /lacks the column age\.$/, details: ['the column nearest to age: ages'] },
  ],
  [
    'texts in a column of numbers, with the line and the column',
    strings,
    [header, '1,2,3,4,setosa', '1,red,3,4,setosa', '1,2,3', '1,2,3,4,setosa'],
    { target: 'species' },
    {
      exitCode: 1,
      message: /^2 of 4 rows of .* do not fit the model\.$/,
      details: ['line 3: b: expected a number (float32), got "red"', 'line 4: has 3 fields, but the header has 5'],
    },
  ],
  [
    'other names for the classes, and proposes --classes',
    trained('logistic-regression'),
    [header, '5,3,1,0,setosa', '6,3,4,1,versicolor', '6,3,6,2,virginica'],
    { target: 'species' },
    { exitCode: 2, message: /has none of the model's classes 0, 1, 2/, hint: /--classes setosa,versicolor,virginica$/ },
  ],
  ['an empty file', strings, [], {}, { exitCode: 1, message: /train is empty\.$/ }],
  ['a file with only a header', strings, [header], {}, { exitCode: 1, message: /train has no rows\.$/ }],
  [
    'a target of tensors',
    trained('torch-mlp'),
    [header, '1,2,3,4,setosa'],
    { target: 'species' },
    { exitCode: 2, message: /^--target does not apply/ },
  ],
])('refuses %s, and leaves nothing behind', async (_, file, lines, options, failure) => {
  const expected = Object.fromEntries(
    Object.entries(failure).map(([key, value]) => [
      key,
      value instanceof RegExp ? expect.stringMatching(value) : value,
    ]),
  );
  await expect(add(file, lines, options)).rejects.toMatchObject(expected);
  expect(await readdir(join(folder, 'models'))).toEqual([]);
});

test('--target without --data is wrong usage', async () => {
  expect(await rhizome('add', strings, '--target', 'species')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('--target has no effect without --data.'),
  });
});
