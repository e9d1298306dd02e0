/** Runs the client against the service itself. */
import { readFileSync } from 'node:fs';
import { createClient, InvalidTensor, type Client, type InferInput, type InferOutput } from './index.ts';
import { startServiceWith } from './fixtures/service.ts';
import type { ServiceProcess } from '../service/fixtures/process.ts';

let service: ServiceProcess;
let client: Client;
beforeAll(async () => {
  service = await startServiceWith({
    iris: 'models/iris',
    echo: 'onnx/fixtures/echo.onnx',
    columns: 'onnx/fixtures/columns.onnx',
    colors: 'service/fixtures/images/colors',
    outliers: 'fixtures/training-libraries/isolation-forest/model.onnx',
    'price/1': 'onnx/fixtures/regressor.onnx',
    'price/2': 'onnx/fixtures/regressor.onnx',
  });
  client = createClient({ url: service.url });
});
afterAll(() => service.stop());

const flower = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
const setosa = {
  prediction: 'setosa',
  probabilities: { setosa: expect.closeTo(0.98, 1) },
  model: { name: 'iris', version: '1' },
};
const failure = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => {
      throw new Error('The call succeeded.');
    },
    (error: unknown) => error,
  );

describe('predict', () => {
  test('a row, rows, and columns', async () => {
    const virginica = { sepal_length: 6.2, sepal_width: 2.8, petal_length: 4.8, petal_width: 1.8 };
    const columns = Object.fromEntries(
      Object.entries(flower).map(([name, value]) => [name, [value, virginica[name as keyof typeof flower]]]),
    );
    expect(await client.predict('iris', flower)).toMatchObject(setosa);
    for (const predictions of [
      await client.predict('iris', [flower, virginica]),
      await client.predict('iris', { columns }),
    ]) {
      expect(predictions).toMatchObject([setosa, { prediction: 'virginica' }]);
    }
  });

  test('an image: bytes, or a Blob with a type or without one', async () => {
    const bytes = readFileSync('onnx/decode/image/fixtures/pixel.png');
    const red = { prediction: 'red', model: { name: 'colors', version: '1' } };
    for (const image of [
      bytes,
      new Uint8Array(bytes).buffer,
      new Blob([bytes]),
      new Blob([bytes], { type: 'image/png' }),
    ])
      expect(await client.predict('colors', image)).toMatchObject(red);
    expect(await client.predict('colors', bytes, { version: '1' })).toMatchObject(red);
    expect(await failure(client.predict('colors', new Uint8Array(9)))).toMatchObject({
      status: 422,
      errors: [{ pointer: '#/image', detail: 'It is not an image.' }],
    });
    expect(await failure(client.predict('iris', bytes))).toMatchObject({ status: 415 });
  });

  test('texts and numbers, a version, an anomaly', async () => {
    expect(await client.predict('columns', { colour: 'red', size: 1 })).toMatchObject({ prediction: '0' });
    const ten = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`X_${index}`, 0]));
    expect(await client.predict('price', ten)).toMatchObject({
      prediction: expect.any(Number),
      model: { version: '2' },
    });
    expect(await client.predict('price', ten, { version: '1' })).toMatchObject({ model: { version: '1' } });
    const { features } = await client.model('outliers');
    expect(
      await client.predict('outliers', Object.fromEntries(features.map(({ name }) => [name, 1000]))),
    ).toMatchObject({ prediction: -1, score: expect.any(Number) });
  });

  test('tensors: integers keep all their digits, and NaN, infinities and the sign of a zero come back', async () => {
    const row = {
      float32: NaN,
      float64: -Infinity,
      float16: -0,
      int8: -128,
      int16: 1,
      int32: 1,
      int64: 9223372036854775807n,
      uint8: 255,
      uint16: 1,
      uint32: 1,
      uint64: '18446744073709551615',
      bool: true,
      string: '9007199254740993',
    };
    const { outputs } = await client.predict('echo', row);
    expect(outputs).toMatchObject({
      float32_out: 'NaN',
      float64_out: '-Infinity',
      float16_out: -0,
      int8_out: -128,
      int64_out: 9223372036854775807n,
      uint64_out: 18446744073709551615n,
      bool_out: true,
      string_out: '9007199254740993',
    });
  });

  test('an error names every invalid field', async () => {
    const error = await failure(client.predict('iris', { ...flower, petal_width: 'wide', petal_lenght: 1 }));
    expect(error).toMatchObject({
      name: 'ServiceProblem',
      status: 422,
      code: 'invalid-input',
      title: 'Invalid input',
      requestId: expect.stringMatching(/.+/),
      errors: expect.arrayContaining([
        expect.objectContaining({ pointer: '#/petal_width' }),
        expect.objectContaining({ pointer: '#/petal_lenght' }),
      ]),
    });
    expect((error as Error).message).toMatch(/^422 Invalid input: .+\n {2}#\/petal_/);
    expect(await failure(client.predict('irsi', flower))).toMatchObject({ status: 404, code: 'model-not-found' });
    expect(await failure(client.predict('price', flower, { version: '3' }))).toMatchObject({ status: 404 });
  });
});

test('models, descriptions, liveness and readiness', async () => {
  expect(await client.models()).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'iris', state: 'loaded', task: 'classifier', verified: true }),
    ]),
  );
  expect(await client.model('iris')).toMatchObject({ name: 'iris', classes: ['setosa', 'versicolor', 'virginica'] });
  expect(await client.model('price', { version: '1' })).toMatchObject({ version: '1' });
  expect(await client.live()).toMatchObject({ status: 'live' });
  expect(await client.ready()).toMatchObject({ status: 'ready', checks: expect.any(Array) });
});

test('liveness and readiness if probes are on a management port', async () => {
  const other = await startServiceWith({ iris: 'models/iris' }, { MANAGEMENT_PORT: '0' });
  try {
    const client = createClient({ url: other.url });
    expect([await client.live(), await client.ready()]).toEqual([{ status: 'live' }, { status: 'ready', checks: [] }]);
    expect(await createClient({ url: other.managementUrl }).ready()).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'listener' })]),
    });
  } finally {
    await other.stop();
  }
});

test('the only model need not be named, and a missing API key is a 401', async () => {
  const other = await startServiceWith({ iris: 'models/iris' }, { API_KEY: 'k1' });
  try {
    const own = createClient({ url: other.url, apiKey: 'k1' });
    expect(await own.predict(flower)).toMatchObject(setosa);
    expect(await own.predict([flower, flower])).toMatchObject([setosa, setosa]);
    expect(await failure(createClient({ url: other.url }).predict(flower))).toMatchObject({
      status: 401,
      code: 'unauthorized',
    });
  } finally {
    await other.stop();
  }
});

describe('the Open Inference Protocol', () => {
  const inputs = [
    { name: 'float32', shape: [2], data: Float32Array.of(-0, -Infinity) },
    { name: 'float64', shape: [2], data: Float64Array.of(0.1, NaN) },
    { name: 'float16', shape: [2], data: Float16Array.of(-0, 65504) },
    { name: 'int8', shape: [2], data: Int8Array.of(-128, 127) },
    { name: 'int16', shape: [2], data: Int16Array.of(-32768, 32767) },
    { name: 'int32', shape: [2], data: Int32Array.of(-2147483648, 2147483647) },
    { name: 'int64', shape: [2], data: BigInt64Array.of(-9223372036854775808n, 9223372036854775807n) },
    { name: 'uint8', shape: [2], data: Uint8Array.of(0, 255) },
    { name: 'uint16', shape: [2], data: Uint16Array.of(0, 65535) },
    { name: 'uint32', shape: [2], data: Uint32Array.of(0, 4294967295) },
    { name: 'uint64', shape: [2], data: BigUint64Array.of(0n, 18446744073709551615n) },
    { name: 'bool', shape: [2], data: [true, false] },
    { name: 'string', shape: [2], data: ['', 'größer "9007199254740993"'] },
  ] as const satisfies readonly InferInput[];
  const by = (outputs: readonly InferOutput[], name: string) => outputs.find((output) => output.name === name);

  test.each([true, false])('every datatype comes back as it was sent; binary: %p', async (binary) => {
    const { model_name, id, outputs } = await client.infer('echo', { inputs, id: 'a-1' }, { binary });
    expect([model_name, id, outputs.length]).toEqual(['echo', 'a-1', inputs.length]);
    for (const { name, data, shape } of inputs) expect(by(outputs, `${name}_out`)).toMatchObject({ shape, data });
  });

  test.each([true, false])(
    'plain numbers and bits do the same, and only the requested outputs return; binary: %p',
    async (binary) => {
      const plain = inputs.map(({ name, shape, data }): InferInput => {
        if (name === 'float16') return { name, shape, datatype: 'FP16', data: new Uint16Array(data.buffer) };
        if (name === 'int64') return { name, shape, data: [...data] };
        const datatype =
          { float32: 'FP32', float64: 'FP64', bool: 'BOOL', string: 'BYTES' }[name as string] ?? name.toUpperCase();
        return {
          name,
          shape,
          datatype: datatype as InferInput['datatype'] & string,
          data: typeof data[0] === 'number' ? Array.from(data as ArrayLike<number>) : data,
        };
      });
      const { outputs } = await client.infer(
        'echo',
        { inputs: plain, outputs: ['int64_out', 'float16_out'] },
        { binary },
      );
      expect(outputs.map(({ name, data }) => [name, data])).toEqual([
        ['int64_out', inputs[6].data],
        ['float16_out', inputs[2].data],
      ]);
    },
  );

  test('a datatype tells the type of the data', async () => {
    const {
      outputs: [output],
    } = await client.infer('echo', { inputs, outputs: ['int64_out'] }, { binary: true });
    if (output?.datatype !== 'INT64') throw new Error(`It is ${output?.datatype ?? 'missing'}.`);
    const largest: bigint | undefined = output.data[1];
    expect(largest).toBe(9223372036854775807n);
  });

  test('a view into a larger buffer sends only its part', async () => {
    const data = new Float32Array([9, 9, 1, 2, 9]).subarray(2, 4);
    const { outputs } = await client.infer(
      'echo',
      {
        inputs: inputs.map((input) => (input.name === 'float32' ? { ...input, data } : input)),
        outputs: ['float32_out'],
      },
      { binary: true },
    );
    expect(outputs).toMatchObject([{ data: Float32Array.of(1, 2) }]);
  });

  test.each<[string, Partial<InferInput>, RegExp]>([
    ['no datatype', { data: [1, 2] }, /^The input 'int8' has no datatype, and plain numbers do not determine it: /],
    [
      'an overflow',
      { data: [1, 128], datatype: 'INT8' },
      /^Element 1 of the input 'int8' is 128, which is not a valid INT8/,
    ],
    [
      'a fraction',
      { data: [1, 1.5], datatype: 'INT64' },
      /^The input 'int8' has an element that is not a valid INT64: .*1\.5/,
    ],
    ['a float too large', { data: [1, 1e39], datatype: 'FP32' }, /^Element 1 .* 1e\+39, which is not a valid FP32/],
    ['a number for a boolean', { data: [1, 0], datatype: 'BOOL' }, /^Element 0 .* is 1, which is not a valid BOOL/],
  ])('%s is not sent', async (_, wrong, message) => {
    const error = await failure(
      client.infer('echo', { inputs: [{ name: 'int8', shape: [2], data: [], ...wrong }] }, { binary: true }),
    );
    expect(error).toBeInstanceOf(InvalidTensor);
    expect((error as Error).message).toMatch(message);
  });

  test('an error says why, and the next request is served', async () => {
    expect(
      await failure(client.infer('iris', { inputs: [{ name: 'X', shape: [1, 5], data: new Float32Array(5) }] })),
    ).toMatchObject({ name: 'ServiceProblem', status: expect.any(Number), detail: expect.stringContaining('X') });
    expect(await failure(client.infer('none', { inputs: [] }))).toMatchObject({ status: 404 });
    expect(
      await client.infer('iris', { inputs: [{ name: 'X', shape: [1, 4], data: new Float32Array(4) }] }),
    ).toMatchObject({ model_name: 'iris', model_version: '1' });
  });

  test('metadata', async () => {
    expect(await client.serverMetadata()).toMatchObject({
      name: expect.any(String),
      extensions: expect.arrayContaining(['binary_tensor_data']),
    });
    expect(await client.metadata('iris')).toMatchObject({
      name: 'iris',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [-1, 4] }],
    });
    expect(await client.metadata('price', { version: '1' })).toMatchObject({ versions: ['1', '2'] });
    expect(await client.modelReady('iris')).toBe(true);
    expect(await failure(client.modelReady('none'))).toMatchObject({ status: 404 });
  });
});
