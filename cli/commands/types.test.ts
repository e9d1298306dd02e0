import { execa } from 'execa';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConsumer } from '../../e2e/consumer.ts';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { Model } from '../../onnx/model.ts';
import { declarations } from '../declarations/declarations.ts';
import { property } from '../declarations/source-text.ts';
import { typeNames } from '../../service/contract/index.ts';

const repository = join(import.meta.dirname, '../..');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rhizome-types-'));
  writeFileSync(join(folder, 'cdk8s.yaml'), 'app: node infra/main.ts\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Copies a model of the repository to models/, with another model.json if there is one. */
function put(place: string, from: string, json?: object): void {
  const to = join(folder, 'models', place);
  mkdirSync(to, { recursive: true });
  cpSync(join(repository, from), from.endsWith('.onnx') ? join(to, 'model.onnx') : to, { recursive: true });
  if (json) writeFileSync(join(to, 'model.json'), JSON.stringify(json));
}

const types = (...args: readonly string[]) =>
  execa(process.execPath, [join(repository, 'cli/main.ts'), 'types', ...args], {
    cwd: folder,
    reject: false,
    timeout: 60_000,
  });
const irisJson = JSON.parse(readFileSync(join(repository, 'models/iris/model.json'), 'utf8')) as object;

test('units, ranges, descriptions and classes are in the types, which are printed or written to a file', async () => {
  put('iris', 'models/iris');
  const { stdout, exitCode } = await types();
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`
export interface Models {
  readonly iris: { readonly features: IrisFeatures; readonly prediction: IrisPrediction };
}

/** The species of an iris from the size of its sepals and petals (Fisher, 1936). */
export interface IrisFeatures {
  /** In cm. Valid from 4.3 to 7.9. */
  readonly sepal_length: number;
`);
  expect(stdout).toContain("export type IrisClass = 'setosa' | 'versicolor' | 'virginica';");
  expect(await types('--out', 'src/models.ts')).toMatchObject({ exitCode: 0, stdout: '' });
  expect(readFileSync(join(folder, 'src/models.ts'), 'utf8')).toBe(`${stdout}\n`);
});

test('--check fails if the models have changed, shows the difference, and writes nothing', async () => {
  put('iris', 'models/iris');
  await types('--out', 'models.ts');
  expect(await types('--out', 'models.ts', '--check')).toMatchObject({ exitCode: 0, stdout: '' });
  const written = readFileSync(join(folder, 'models.ts'), 'utf8');
  put('iris', 'models/iris', { ...irisJson, classes: ['a', 'b', 'c'], examples: [] });
  const { exitCode, stderr } = await types('--out', 'models.ts', '--check');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    new RegExp(
      [
        String.raw`models\.ts does not match the models\.`,
        String.raw`(.*\n)*.*- export type IrisClass = 'setosa'.*`,
        String.raw`(.*\n)*.*\+ export type IrisClass = 'a' \| 'b' \| 'c';`,
        String.raw`(.*\n)*.*rhizome types --out models\.ts`,
      ].join('\n'),
    ),
  );
  expect(readFileSync(join(folder, 'models.ts'), 'utf8')).toBe(written);
  expect(await types('--out', 'none.ts', '--check')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Cannot read none.ts'),
  });
  expect(await types('--check')).toMatchObject({ exitCode: 2 });
});

test('the types are those of the highest version; another version with the same types is not a change', async () => {
  put('price/2', 'onnx/fixtures/columns.onnx');
  put('price/10', 'onnx/fixtures/regressor.onnx');
  const { stdout } = await types('--out', 'models.ts').then(() => types());
  expect(stdout).toContain('readonly price: ');
  expect(stdout).toMatch(/interface PriceFeatures \{\n {2}readonly X_0: number;/);
  put('price/11', 'onnx/fixtures/regressor.onnx');
  expect(await types('--out', 'models.ts', '--check')).toMatchObject({ exitCode: 0 });
});

test('errors: no models, or a broken one', async () => {
  expect(await types()).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('There are no models in models/.'),
  });
  put('iris', 'models/iris');
  mkdirSync(join(folder, 'models/broken'));
  writeFileSync(join(folder, 'models/broken/model.onnx'), 'no model');
  expect(await types('--out', 'models.ts')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/broken\/model\.onnx cannot be served/),
  });
});

test('a correct caller compiles, each mistake does not, and a changed model breaks its callers', async () => {
  const consumer = createConsumer();
  try {
    put('iris', 'models/iris');
    put('price', 'onnx/fixtures/regressor.onnx');
    put('echo', 'onnx/fixtures/echo.onnx', { name: '1st_echo-v2.0' });
    put('columns', 'onnx/fixtures/columns.onnx', {
      features: [{ name: 'it\'s "odd"', choices: ['red', "it's"] }, { name: 'size (cm)' }],
    });
    put('texts', 'onnx/fixtures/graphs/sequence-optional.onnx');
    put('rows', 'onnx/fixtures/graphs/sequence-rows.onnx');
    expect((await types()).stdout).toContain("/** One of 'red', 'it\\'s'. */");
    consumer.write('models.ts', `${(await types()).stdout}\n`);
    consumer.write(
      'caller.ts',
      `
      import { createClient } from 'rhizome-kit/client';
      import type { IrisFeatures, IrisPrediction, Models } from './models.ts';

      const client = createClient<Models>({ url: 'http://localhost' });
      const flower: IrisFeatures = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };

      export async function call(): Promise<void> {
        const one: IrisPrediction = await client.predict('iris', flower);
        const many: IrisPrediction[] = await client.predict('iris', [flower, flower]);
        const columns: IrisPrediction[] = await client.predict('iris', {
          columns: { sepal_length: [1], sepal_width: [1], petal_length: [1], petal_width: [1] },
        });
        const species: 'setosa' | 'versicolor' | 'virginica' = one.prediction;
        const sure: boolean = one.probabilities.setosa > 0.9;
        const { outputs } = await client.predict('1st_echo-v2.0', {
          float32: 1, float64: NaN, float16: 1, int8: 1, int16: 1, int32: 1, int64: 9007199254740993n,
          uint8: 1, uint16: 1, uint32: 1, uint64: 1, bool: true, string: 'x',
        });
        const odd: '0' | '1' = (await client.predict('columns', { 'it\\'s "odd"': 'red', 'size (cm)': 1 })).prediction;
        const exact: number | bigint = outputs.int64_out;
        const house = { X_0: 0, X_1: 0, X_2: 0, X_3: 0, X_4: 0, X_5: 0, X_6: 0, X_7: 0, X_8: 0, X_9: 0 };
        const price: number = (await client.predict('price', house)).prediction;
        const texts = [await client.predict('texts', {}), await client.predict('texts', { o: ['a', ['b', 'c']] })];
        const same: readonly unknown[] | undefined = texts[0]?.outputs.same as readonly unknown[] | undefined;
        const { outputs: { out } } = await client.predict('rows', { s: [[[1, 2, 3]], [[4, 5, 6], [7, 8, 9]]] });
        const cell: number | string | undefined = out[0]?.[0]?.[0];
        const description = await client.model('price');
        console.log(same, cell);
        console.log(one, many, columns, species, sure, exact, odd, price, description, one.warnings?.[0]?.pointer);

        // @ts-expect-error a misspelt feature
        await client.predict('iris', { sepal_length: 5.1, sepal_width: 3.5, petal_lenght: 1.4, petal_width: 0.2 });
        // @ts-expect-error one too many
        await client.predict('iris', { ...flower, colour: 'blue' });
        // @ts-expect-error one is missing
        await client.predict('iris', [{ sepal_length: 5.1 }]);
        // @ts-expect-error one is a text
        await client.predict('iris', { ...flower, petal_width: '0.2' });
        // @ts-expect-error a column is missing
        await client.predict('iris', { columns: { sepal_length: [1] } });
        // @ts-expect-error a model that there is not
        await client.predict('irsi', flower);
        // @ts-expect-error nor here
        await client.infer('irsi', { inputs: [] });
        // @ts-expect-error a class that it does not have
        if (one.prediction === 'rosa') throw new Error();
        // @ts-expect-error a regressor has no probabilities
        (await client.predict('price', house)).probabilities;
      }
    `,
    );
    expect(await consumer.compile()).toBe('');

    put('iris', 'models/iris', {
      ...irisJson,
      classes: ['setosa', 'versicolour', 'virginica'],
      features: ['sepal_length', 'sepal_width', 'petal_length', 'petal_breadth'].map((name) => ({ name })),
      examples: [],
    });
    consumer.write('models.ts', `${(await types()).stdout}\n`);
    consumer.write(
      'misspelt.ts',
      `
      import { createClient } from 'rhizome-kit/client';
      import type { Models } from './models.ts';
      const client = createClient<Models>({ url: 'http://localhost' });
      await client.predict('iris', { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_breath: 0.2 });
    `,
    );
    const errors = await consumer.compile();
    expect(errors).toMatch(
      new RegExp(
        [
          String.raw`misspelt\.ts.* error TS2769: No overload matches this call\.\n(.*\n)* +`,
          String.raw`.*'petal_breath' does not exist in type 'IrisFeatures'. Did you mean to write 'petal_breadth'\?`,
        ].join(''),
      ),
    );
    expect(errors).toMatch(
      /caller\.ts\(\d+,\d+\): error TS2561: .*'petal_width' does not exist in type 'IrisFeatures'/,
    );
    expect(errors).toMatch(/error TS2322: Type 'IrisClass' is not assignable to type '"setosa"/);
  } finally {
    consumer.remove();
  }
}, 240_000);

test("examples of every training library's model fit its types", async () => {
  const consumer = createConsumer();
  try {
    const libraries = readdirSync(join(repository, 'fixtures/training-libraries'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'make')
      .map(({ name }) => `fixtures/training-libraries/${name}`);
    const signatures = [];
    const values: { readonly model: string; readonly input: unknown; readonly answer: unknown }[] = [];
    for (const place of [...libraries, 'models/iris']) {
      const model = await Model.load(join(repository, place), onnxruntime, { threads: 1 });
      signatures.push(model.signature);
      if (model.example) {
        const { input, ...answer } = model.example;
        values.push({
          model: model.signature.name,
          input,
          answer: { ...answer, model: { name: model.signature.name, version: '1' } },
        });
      }
      await model.release();
    }
    const sorted = signatures.map(({ name }) => name).sort();
    const names = new Map(typeNames(sorted).map((type, index) => [sorted[index], type]));
    consumer.write('models.ts', declarations(signatures));
    consumer.write(
      'values.ts',
      [
        "import type { Models } from './models.ts';",
        ...values.map(
          ({ model, input, answer }) =>
            `export const ${names.get(model)!}: Models[${JSON.stringify(model)}] = ` +
            `{ features: ${typescript(input)}, prediction: ${typescript(answer)} };`,
        ),
      ].join('\n'),
    );
    expect(values.length).toBeGreaterThan(40);
    expect(await consumer.compile()).toBe('');
  } finally {
    consumer.remove();
  }
}, 240_000);

/** Formats a value, which may contain bigints, as source. */
function typescript(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return `[${value.map(typescript).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, each]) => `${property(name)}: ${typescript(each)}`)
      .join(', ')} }`;
  return JSON.stringify(value);
}
