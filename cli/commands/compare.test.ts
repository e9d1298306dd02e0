import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

const repository = join(import.meta.dirname, '../..');
const trained = (name: string) => join(repository, `fixtures/training-libraries/${name}/model.onnx`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-compare-'));
  await writeFile(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
  for (const file of ['model.json', 'model.onnx'])
    await cp(join(repository, 'models/iris', file), join(folder, 'models/iris', file));
  await cp(trained('linear-regression'), join(folder, 'models/line/model.onnx'));
});
afterAll(() => rm(folder, { recursive: true }));

const compare = (file: string, args: readonly string[], input: string) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'compare', file, '--file', '-', ...args], {
    cwd: folder,
    reject: false,
    timeout: 60_000,
    input,
  });

/** Flowers between two kinds, on which models trained apart disagree, with one label; a column beside them. */
const flowers = [
  'id,sepal_length,sepal_width,petal_length,petal_width,species',
  ...Array.from(
    { length: 21 },
    (_, index) => `${index},6,2.9,${(4 + index / 10).toFixed(1)},1.6,${index < 10 ? '1' : 'virginica'}`,
  ),
  '',
].join('\n');

test('a model is the same as itself', async () => {
  const { stdout, exitCode } = await compare(
    join(repository, 'models/iris/model.onnx'),
    ['--with', 'iris', '--max-change', '0', '--json'],
    flowers,
  );
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    rows: 21,
    changed: 0,
    share: 0,
    changes: [],
    largest: expect.objectContaining({ line: 2, difference: 0 }),
    before: { latency_ms: { p50: expect.any(Number), p99: expect.any(Number) } },
    after: { latency_ms: { p50: expect.any(Number), p99: expect.any(Number) } },
  });
});

test('another model: prints what changes, by how much, and the accuracies; exits 1 above --max-change', async () => {
  const args = ['--with', 'iris', '--label', 'species'];
  const { stdout, exitCode } = await compare(trained('random-forest'), [...args, '--json'], flowers);
  expect(exitCode).toBe(0);
  const { changed, share, changes, largest, before, after } = JSON.parse(stdout) as {
    changed: number;
    share: number;
    changes: { line: number; before: string; after: string }[];
    largest: { what: string; difference: number; before: number; after: number };
    before: { accuracy: number };
    after: { accuracy: number };
  };
  expect(changed).toBeGreaterThan(0);
  expect(share).toBe(changed / 21);
  // The forest's labels are 0, 1 and 2: model.json of the other names them.
  expect(changes[0]).toEqual({
    line: expect.any(Number),
    before: expect.stringMatching(/^v/),
    after: expect.stringMatching(/^v/),
  });
  expect(largest.what).toMatch(/^probabilities\.(versicolor|virginica)$/);
  expect(largest.difference).toBeCloseTo(Math.abs(largest.after - largest.before));
  expect(before.accuracy).toBeGreaterThan(0.5);
  expect(Math.abs(after.accuracy - before.accuracy) * 21).toBeLessThanOrEqual(changed + 1e-9);

  const refused = await compare(trained('random-forest'), [...args, '--max-change', '1%'], flowers);
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toMatch(
    new RegExp(
      [
        String.raw`^models\/iris → .*, 21 rows`,
        String.raw`predictions that change: \d+ \([\d.]+ %\)`,
        String.raw` {2}line \d+: v\w+ → v\w+`,
        String.raw`[^]*largest difference: [\d.]+, line \d+: probabilities\.v\w+ \S+ → \S+`,
        String.raw`accuracy: \S+ → \S+`,
        String.raw`time per row: p50 \S+ → \S+ ms, p99 \S+ → \S+ ms$`,
      ].join('\n'),
    ),
  );
  expect(refused.stderr).toContain(`✗ ${changed} of 21 predictions change (`);
  expect(await readdir(join(folder, '.rhizome'))).toEqual([]);
});

test('a regressor: prints its errors if there are labels; differences below --tolerance are not changes', async () => {
  const rows = JSON.stringify(
    Array.from({ length: 5 }, (_, index) => ({ X_0: index / 100, X_1: 0.01, X_2: 0.02, X_3: 0, X_4: 0, y: 150 })),
  );
  const args = ['--with', 'line', '--label', 'y', '--json'];
  const { stdout, stderr } = await compare(trained('random-forest-regressor'), args, rows);
  expect(stderr).not.toContain('✗');
  expect(JSON.parse(stdout)).toMatchObject({
    rows: 5,
    changed: 5,
    largest: { what: 'prediction' },
    before: { rmse: expect.any(Number), mae: expect.any(Number) },
    after: { rmse: expect.any(Number) },
  });
  expect(
    JSON.parse((await compare(trained('random-forest-regressor'), [...args, '--tolerance', '100%'], rows)).stdout),
  ).toMatchObject({ changed: 0 });
});

test.each<[string, string, readonly string[], string, number, RegExp]>([
  [
    'a model with other features',
    trained('linear-regression'),
    ['--with', 'iris'],
    flowers,
    1,
    new RegExp(
      String.raw`linear-regression/model\.onnx cannot be served: model\.json names 4 features, but the model has 5` +
        String.raw`[^]*loaded with models/iris/model\.json`,
    ),
  ],
  [
    'invalid rows',
    trained('random-forest'),
    ['--with', 'iris'],
    'sepal_length,sepal_width,petal_length,petal_width\n1,2,3,4\n1,x,3,4\n1,2,3\n',
    1,
    new RegExp(
      [
        String.raw`2 of 3 rows of standard input cannot be compared\.`,
        String.raw` {4}line 3: sepal_width: expected a number \(float32\), got "x"`,
        String.raw` {4}line 4: has 3 fields`,
      ].join('\n'),
    ),
  ],
  [
    'a label that is another column',
    trained('random-forest'),
    ['--with', 'iris', '--label', 'id'],
    flowers.replaceAll(/^\d+,/gm, 'row,'),
    2,
    new RegExp(
      'The column id of standard input contains none of the classes setosa, versicolor, virginica: ' +
        'its first value is row',
    ),
  ],
  [
    'a column that is missing',
    trained('random-forest'),
    ['--with', 'iris', '--label', 'kind'],
    flowers,
    2,
    /standard input lacks the column kind\./,
  ],
  [
    'a model that is not there',
    trained('random-forest'),
    ['--with', 'tulip'],
    flowers,
    2,
    /There is no model "tulip": models\/ has iris, line\./,
  ],
  [
    'an invalid share',
    trained('random-forest'),
    ['--with', 'iris', '--max-change', '5'],
    flowers,
    2,
    /Expected a share, such as 1% or 0\.01/,
  ],
])('refuses %s', async (_, file, args, input, exitCode, message) => {
  expect(await compare(file, args, input)).toMatchObject({
    exitCode,
    stdout: '',
    stderr: expect.stringMatching(message),
  });
});
