import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { flower, json, models, start } from './fixtures/app.ts';
import { engineThatRuns } from './fixtures/engine.ts';
import type { ModelDescription, PredictionResponse, Problem } from './contract/index.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-models-'));
  await cp(join(models, 'iris'), join(dir, 'iris'), { recursive: true });
  await add('wine/2', 'wine');
  await add('wine/11', 'wine');
  await add('echo', 'echo');
  await add('columns', 'columns');
  await add('gather', 'gather', { features: [{ name: 'columns' }] });
  await add('gaps', '../../fixtures/training-libraries/missing-values/model', {
    features: ['a', 'b', 'c', 'd'].map((name) => ({ name, range: [0, 8], ...(name !== 'd' && { nullable: true }) })),
    examples: [
      {
        input: { a: null, b: 3.5, c: 1.4, d: 0.2 },
        prediction: '0',
        probabilities: { 0: 0.991284, 1: 0.008716, 2: 0 },
      },
    ],
  });
});
afterAll(() => rm(dir, { recursive: true }));

async function add(folder: string, fixture: string, modelJson?: object): Promise<void> {
  await mkdir(join(dir, folder), { recursive: true });
  await cp(join(import.meta.dirname, `../onnx/fixtures/${fixture}.onnx`), join(dir, folder, 'model.onnx'));
  if (modelJson) await writeFile(join(dir, folder, 'model.json'), JSON.stringify(modelJson));
}

const ends = {
  float32: 'NaN',
  float64: 1e308,
  float16: -65504,
  int8: -128,
  int16: -32768,
  int32: 2 ** 31 - 1,
  uint8: 255,
  uint16: 65535,
  uint32: 4294967295,
  bool: true,
  string: 'ü',
};
/** A text, because JSON.stringify cannot write these integers. */
const echoed = `${JSON.stringify(ends).slice(0, -1)},"int64":-9223372036854775808,"uint64":18446744073709551615}`;

test('a model is served under its name, and its versions under their numbers; the highest is the default', async () => {
  const { request } = await start({ dir });
  expect(await json(await request('POST', '/models/iris/predictions', flower))).toMatchObject({
    prediction: 'setosa',
    model: { name: 'iris', version: '1' },
  });
  const { example } = (await json(await request('GET', '/models/wine'))) as unknown as ModelDescription;
  for (const [path, version] of [
    ['/models/wine', '11'],
    ['/models/wine/versions/2', '2'],
    ['/models/wine/versions/11', '11'],
  ] as const) {
    expect(await json(await request('POST', `${path}/predictions`, example!.input))).toEqual({
      ...example,
      input: undefined,
      model: { name: 'wine', version },
    });
  }
});

test('/predictions uses DEFAULT_MODEL; without it, the error names the models', async () => {
  const { request } = await start({ dir, defaultModel: 'iris' });
  expect((await request('POST', '/predictions', flower)).status).toBe(200);
  const none = await (await start({ dir })).request('POST', '/predictions', flower);
  expect(none.status).toBe(404);
  expect(await json(none)).toMatchObject({
    detail: expect.stringMatching(/DEFAULT_MODEL.*columns, echo, gaps, gather, iris, wine/),
  });
});

test.each([
  ['/models/rose/predictions', "There is no model 'rose'. Available models: columns, echo, gaps, gather, iris, wine."],
  ['/models/wine/versions/3/predictions', "The model 'wine' has no version '3'. Its versions are 2, 11."],
  ['/models/__proto__/predictions', "There is no model '__proto__'."],
  ['/models/%ff/predictions', 'There is no model'],
])('%s is a 404 that names the alternatives', async (path, detail) => {
  const response = await (await start({ dir })).request('POST', path, flower);
  expect(response.status).toBe(404);
  expect(await json(response)).toMatchObject({ detail: expect.stringContaining(detail) });
});

test('every dtype is exact, 64-bit integers as JSON integers', async () => {
  const { request } = await start({ dir });
  const answer = await (await request('POST', '/models/echo/predictions', echoed)).text();
  expect(answer).toContain('"int64_out":-9223372036854775808');
  expect(answer).toContain('"uint64_out":18446744073709551615');
  const { outputs } = JSON.parse(answer) as PredictionResponse;
  expect(outputs).toMatchObject(
    Object.fromEntries(Object.entries(ends).map(([dtype, value]) => [`${dtype}_out`, value])),
  );
  const strings = echoed
    .replace('-9223372036854775808', '"-9223372036854775808"')
    .replace('18446744073709551615', '"18446744073709551615"');
  expect(await (await request('POST', '/models/echo/predictions', strings)).text()).toBe(answer);
});

test("an integer outside its dtype's range is rejected with all its digits", async () => {
  const { request } = await start({ dir });
  const response = await request(
    'POST',
    '/models/echo/predictions',
    echoed.replace('-9223372036854775808', '9223372036854775808'),
  );
  expect(response.status).toBe(422);
  expect(await response.text()).toContain(
    '"pointer":"#/int64","detail":"The number is outside the range of int64.","value":9223372036854775808',
  );
});

test('columns get rows in response, also from a model with a feature of that name', async () => {
  const { request } = await start({ dir });
  const rows = [
    { colour: 'red', size: 1 },
    { colour: 'blue', size: 4 },
  ];
  const table = { columns: { colour: ['red', 'blue'], size: [1, 4] } };
  const byRow = await json(await request('POST', '/models/columns/predictions', rows));
  expect(await json(await request('POST', '/models/columns/predictions', table))).toEqual(byRow);
  for (const body of [{ columns: 4 }, [{ columns: 4 }], { columns: { columns: [4] } }]) {
    expect([await json(await request('POST', '/models/gather/predictions', body))].flat()).toMatchObject([
      { prediction: 4.5 },
    ]);
  }
});

test('what the runtime rejects is a 422 with its reason and the row; the next valid request is served', async () => {
  const { request } = await start({ dir });
  const refused = async (body: unknown) => {
    const response = await request('POST', '/models/gather/predictions', body);
    expect(response.status).toBe(422);
    return (await json(response)) as unknown as Problem;
  };
  expect(await refused({ columns: 7 })).toMatchObject({
    detail: expect.stringMatching(/^The model's runtime rejects the input: .*out of data bounds/s),
    errors: [{ pointer: '#' }],
  });
  const rows = Array.from({ length: 100 }, (_, row) => ({ columns: row === 61 || row === 80 ? 7 : 1 }));
  expect(await refused(rows)).toMatchObject({
    detail: expect.stringContaining('rejects row 61: '),
    errors: [{ pointer: '#/61' }],
  });
  expect(await refused({ columns: { columns: rows.map(({ columns }) => columns) } })).toMatchObject({
    detail: expect.stringContaining('rejects row 61: '),
    errors: [{ pointer: '#/columns' }],
  });
  expect((await request('POST', '/models/gather/predictions', { columns: 1 })).status).toBe(200);
});

test('rows are run one by one if a run does not return a value for each of them', async () => {
  const first = (data: ArrayLike<unknown> | undefined): number => Number(data?.[0] ?? 0);
  const engine = engineThatRuns(({ X }, [label = '', probabilities = '']) =>
    Promise.resolve({
      [label]: { dtype: 'int64', shape: [1], data: BigInt64Array.of(BigInt(Math.round(first(X?.data)) - 5)) },
      [probabilities]: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 0, 0) },
    }),
  );
  const { request } = await start({ engine });
  const rows = [5.1, 6, 7].map((sepal_length) => ({ ...flower, sepal_length }));
  expect(await json(await request('POST', '/predictions', rows))).toMatchObject([
    { prediction: 'setosa' },
    { prediction: 'versicolor' },
    { prediction: 'virginica' },
  ]);
});

test('the log and the metrics have the model and the duration of its runs', async () => {
  const { request, logs } = await start({ dir });
  await request('POST', '/models/iris/predictions', flower);
  await request('POST', '/models/rose/predictions', flower);
  expect(logs).toMatchObject([
    { model: 'iris', path: '/models/iris/predictions' },
    { path: '/models/rose/predictions' },
  ]);
  const text = await (await request('GET', '/metrics')).text();
  expect(text).toContain(
    'rhizome_requests_total{protocol="http",route="/models/:name/predictions",model="iris",code="200"} 1',
  );
  expect(text).toContain(
    'rhizome_requests_total{protocol="http",route="/models/:name/predictions",model="",code="404"} 1',
  );
  expect(text).toContain('rhizome_inference_duration_seconds_count{model="iris"} 1');
  expect(text).not.toContain('rose');
});

test('GET /models lists every version and says which are the defaults', async () => {
  const { request } = await start({ dir, defaultModel: 'iris' });
  const { default: name, models: list } = (await json(await request('GET', '/models'))) as {
    default: string;
    models: Record<string, unknown>[];
  };
  expect(name).toBe('iris');
  expect(
    list.map((model) => [model['name'], model['version'], model['default'], model['task'], model['verified']]),
  ).toEqual([
    ['columns', '1', true, 'classifier', false],
    ['echo', '1', true, 'tensors', false],
    ['gaps', '1', true, 'classifier', true],
    ['gather', '1', true, 'regressor', false],
    ['iris', '1', true, 'classifier', true],
    ['wine', '2', false, 'classifier', false],
    ['wine', '11', true, 'classifier', false],
  ]);
});

test.each(['columns', 'echo', 'gaps', 'gather', 'iris', 'wine', 'wine/versions/2'])(
  'of %s the schema takes the example, and the model answers that as it says',
  async (path) => {
    const { request } = await start({ dir });
    const { input_schema: schema, example } = (await json(
      await request('GET', `/models/${path}`),
    )) as unknown as ModelDescription;
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    expect(ajv.validate(schema as AnySchema, example?.input)).toBe(true);
    const { input, ...answer } = example!;
    const { model, ...predicted } = await json(await request('POST', `/models/${path}/predictions`, input));
    expect(predicted).toEqual(close(answer));
    for (const bad of [{}, { ...input, more: 1 }]) expect(ajv.validate(schema as AnySchema, bad)).toBe(false);
  },
);

test('null is a missing value of a feature that is nullable, as NaN is, and an error in any other', async () => {
  const row = { a: 5.7, b: null, c: null, d: 1.3 };
  const same = { ...row, b: 'NaN', c: 'NaN' };
  const columns = (of: Readonly<Record<string, unknown>>): object => ({
    columns: Object.fromEntries(Object.entries(of).map(([name, value]) => [name, [value, 1]])),
  });
  for (const strictRanges of [false, true]) {
    const { request } = await start({ dir, strictRanges });
    const predict = (body: unknown): Promise<Response> => request('POST', '/models/gaps/predictions', body);
    // A value outside the range takes the way with warnings.
    const bodies: ((of: object) => unknown)[] = [(of) => of, (of) => [of, of], columns as (of: object) => unknown];
    if (!strictRanges) bodies.push((of) => ({ ...of, d: 9 }));
    for (const body of bodies) {
      const response = await predict(body(row));
      expect(response.status).toBe(200);
      expect(await json(response)).toEqual(await json(await predict(body(same))));
    }
    const refused = await predict({ ...row, d: null });
    expect([refused.status, await json(refused)]).toMatchObject([
      422,
      { errors: [{ pointer: '#/d', value: null, detail: expect.stringContaining('set "nullable" of the feature') }] },
    ]);
    const { input_schema: schema, features } = (await json(
      await request('GET', '/models/gaps'),
    )) as unknown as ModelDescription;
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    expect(ajv.validate(schema as AnySchema, row)).toBe(true);
    expect(ajv.validate(schema as AnySchema, { ...row, d: null })).toBe(false);
    expect(features.map(({ nullable }) => nullable)).toEqual([true, true, true, undefined]);
  }
});

test('the document describes the predictions of every model and version', async () => {
  const { request } = await start({ dir });
  const document = (await json(await request('GET', '/openapi.json'))) as {
    paths: Record<string, { post?: { operationId: string } }>;
  };
  const paths = Object.keys(document.paths).filter((path) => path.endsWith('/predictions'));
  expect(paths.sort()).toEqual(
    ['columns', 'echo', 'gaps', 'gather', 'iris', 'wine']
      .map((name) => `/models/${name}/predictions`)
      .concat(
        [
          'columns/versions/1',
          'echo/versions/1',
          'gaps/versions/1',
          'gather/versions/1',
          'iris/versions/1',
          'wine/versions/11',
          'wine/versions/2',
        ].map((path) => `/models/${path}/predictions`),
      )
      .sort(),
  );
  const ids = Object.values(document.paths).flatMap(({ post }) => post?.operationId ?? []);
  expect(new Set(ids).size).toBe(ids.length);

  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema(document, 'openapi');
  const validates = (schema: string, value: unknown) =>
    ajv.validate({ $ref: `openapi#/components/schemas/${schema}` }, value);
  const numbers = JSON.parse(echoed) as Record<string, unknown>;
  expect(validates('EchoFeatures', { ...numbers, uint64: '18446744073709551615' })).toBe(true);
  for (const bad of [
    { ...numbers, int8: 128 },
    { ...numbers, int8: '128' },
    { ...numbers, uint64: '18446744073709551616' },
    { ...numbers, string: 'a\0' },
    { ...numbers, float16: 70000 },
  ]) {
    expect(validates('EchoFeatures', bad)).toBe(false);
  }
  expect(validates('EchoPrediction', await json(await request('POST', '/models/echo/predictions', echoed)))).toBe(true);
  expect(validates('ColumnsTable', { columns: { colour: ['red'], size: [1] } })).toBe(true);
  expect(validates('ColumnsTable', { columns: { colour: ['red'] } })).toBe(false);
});

/** Examples are rounded to seven digits. */
function close(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 4);
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value)
    ? value.map(close)
    : Object.fromEntries(Object.entries(value).map(([key, each]) => [key, close(each)]));
}
