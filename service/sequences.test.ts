/** Sequences of tensors whose shapes differ, and optional inputs, in every protocol. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, start, type Started } from './fixtures/app.ts';

let dir: string;
let request: Started['request'];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-sequences-'));
  for (const name of ['run-ragged', 'run-optional', 'sequence-rows', 'sequence-types', 'sequence-optional']) {
    await mkdir(join(dir, name));
    await cp(join(import.meta.dirname, `../onnx/fixtures/graphs/${name}.onnx`), join(dir, name, 'model.onnx'));
  }
  ({ request } = await start({ dir, maxBodyBytes: 2 ** 26 }));
});
afterAll(() => rm(dir, { recursive: true }));

type Answer = readonly [status: number, body: Record<string, unknown>];
const post = async (path: string, body: unknown): Promise<Answer> => {
  const response = await request('POST', path, body);
  return [response.status, await json(response)];
};
const infer = (model: string, inputs: readonly object[], more: object = {}): Promise<Answer> =>
  post(`/v2/models/${model}/infer`, { inputs, ...more });
const predict = (model: string, row: unknown): Promise<Answer> => post(`/models/${model}/predictions`, row);
const rows = (name: string, data: readonly number[]): object => ({
  name,
  datatype: 'FP32',
  shape: [data.length / 3, 3],
  data,
});

test('the tensors of a sequence have names of their own where their shapes differ, or are stacked', async () => {
  const differing = [rows('s_1', [4, 5, 6, 7, 8, 9]), rows('s_0', [1, 2, 3])];
  expect(await infer('sequence-rows', differing)).toEqual([
    200,
    expect.objectContaining({
      outputs: [rows('out_0', [1, 2, 3]), rows('out_1', [4, 5, 6, 7, 8, 9]), { ...count, data: [2] }],
    }),
  ]);
  const stacked = { name: 's', datatype: 'FP32', shape: [2, 1, 3], data: [1, 2, 3, 4, 5, 6] };
  for (const inputs of [[stacked], [rows('s_0', [1, 2, 3]), rows('s_1', [4, 5, 6])]])
    expect(await infer('sequence-rows', inputs)).toMatchObject([
      200,
      { outputs: [{ ...stacked, name: 'out' }, { data: [2] }] },
    ]);
});
const count = { name: 'n', datatype: 'INT64', shape: [] };

test('a sequence may be empty', async () => {
  const none = { name: 's', datatype: 'FP32', shape: [0, 2, 3], data: [] };
  for (const inputs of [[], [none]])
    expect(await infer('sequence-rows', inputs)).toMatchObject([
      200,
      { outputs: [{ name: 'out', shape: [0, 0, 3], data: [] }, { data: [0] }] },
    ]);
});

test('binary tensors of a sequence are sent and requested by its name', async () => {
  const data = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6, 7, 8, 9)];
  const head = Buffer.from(
    JSON.stringify({
      inputs: data.map(({ length, byteLength }, index) => ({
        ...{ name: `s_${index}`, datatype: 'FP32', shape: [length / 3, 3] },
        parameters: { binary_data_size: byteLength },
      })),
      outputs: [{ name: 'out', parameters: { binary_data: true } }],
    }),
  );
  const response = await request(
    'POST',
    '/v2/models/sequence-rows/infer',
    Buffer.concat([head, ...data.map(({ buffer }) => Buffer.from(buffer))]),
    { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': String(head.length) },
  );
  const body = Buffer.from(await response.arrayBuffer());
  const end = Number(response.headers.get('Inference-Header-Content-Length'));
  expect(JSON.parse(body.toString('utf8', 0, end))).toMatchObject({
    outputs: [
      { name: 'out_0', shape: [1, 3], parameters: { binary_data_size: 12 } },
      { name: 'out_1', shape: [2, 3], parameters: { binary_data_size: 24 } },
    ],
  });
  expect(body.subarray(end)).toEqual(Buffer.concat(data.map(({ buffer }) => Buffer.from(buffer))));
});

test('metadata says which inputs and outputs are sequences, and which inputs may be left out', async () => {
  const described = async (path: string) => json(await request('GET', path));
  expect(await described('/v2/models/sequence-rows')).toMatchObject({
    inputs: [{ name: 's', datatype: 'FP32', shape: [-1, -1, 3], parameters: { sequence: true } }],
    outputs: [
      { name: 'out', parameters: { sequence: true } },
      { name: 'n', datatype: 'INT64', shape: [] },
    ],
  });
  expect(await described('/v2/models/sequence-optional')).toMatchObject({
    inputs: [{ name: 'o', datatype: 'BYTES', shape: [-1], parameters: { sequence: true, optional: true } }],
  });
  expect(await described('/models/sequence-optional')).toMatchObject({
    features: [{ name: 'o', dtype: 'string', shape: [], optional: true, sequence: true }],
    outputs: [{ name: 'has' }, { name: 'n' }, { name: 'same', optional: true, sequence: true }],
    input_schema: { required: [], properties: { o: { type: 'array' } } },
  });
});

test('a row has a list of tensors for a sequence', async () => {
  const s = [
    [[1, 2, 3]],
    [
      [4, 5, 6],
      [7, 8, 9],
    ],
  ];
  expect(await predict('sequence-rows', { s })).toMatchObject([200, { outputs: { out: s, n: 2 } }]);
  expect(await predict('sequence-rows', { s: [] })).toMatchObject([200, { outputs: { out: [], n: 0 } }]);
  expect(await predict('sequence-rows', [{ s }, { s: [[[1, 2, 3]]] }])).toMatchObject([
    200,
    [{ outputs: { out: s } }, { outputs: { out: [[[1, 2, 3]]], n: 1 } }],
  ]);
  expect(await predict('sequence-rows', { s: [[[1, 2, 3]], [[4, 'x', 6]]] })).toMatchObject([
    422,
    { errors: [{ pointer: '#/s/1/0/1', detail: 'Got a string.' }] },
  ]);
  expect(await predict('sequence-rows', { s: 1 })).toMatchObject([
    422,
    { errors: [{ pointer: '#/s', expected: 'an array of tensors, since the value is seq(float32[N, 3])' }] },
  ]);
  const x = [
    [1, 2, 3],
    [4, 5, 6],
  ];
  expect(await predict('run-ragged', { x, times: 2 })).toMatchObject([200, { outputs: { s: [[[1, 2, 3]], x] } }]);
});

test('a row may leave an optional input out', async () => {
  expect(await predict('sequence-optional', {})).toMatchObject([200, { outputs: { has: false, n: -1 } }]);
  expect(await predict('sequence-optional', { o: [] })).toMatchObject([200, { outputs: { has: true, n: 0 } }]);
  expect(await predict('sequence-optional', { o: ['a', ['b', 'c']] })).toMatchObject([200, { outputs: { n: 2 } }]);
  const x = { x_0: 1, x_1: 2, x_2: 3 };
  const o = { o_0: 1, o_1: 1, o_2: 1 };
  const y = [
    [2, 3, 4],
    [1, 2, 3],
  ];
  expect(await predict('run-optional', x)).toMatchObject([200, { outputs: { y: y[1] } }]);
  expect(await predict('run-optional', [{ ...x, ...o }, x])).toMatchObject([
    200,
    y.map((each) => ({ outputs: { y: each } })),
  ]);
  const columns = Object.fromEntries(Object.entries(x).map(([name, value]) => [name, [value, value]]));
  expect(await predict('run-optional', { columns })).toMatchObject([
    200,
    [{ outputs: { y: y[1] } }, { outputs: { y: y[1] } }],
  ]);
  expect(await predict('run-optional', { ...x, o_0: 1, o_2: 1 })).toMatchObject([
    422,
    { errors: [{ pointer: '#/o_1', detail: 'The field is missing.' }] },
  ]);
  expect(await predict('run-optional', {})).toMatchObject([422, { errors: [{ pointer: '#/x_0' }, {}, {}] }]);
});

test.each<[string, string, () => object[], RegExp]>([
  ['a gap', 'sequence-rows', () => [rows('s_0', [1, 2, 3]), rows('s_2', [1, 2, 3])], /'s_1': it is missing/],
  [
    'both forms',
    'sequence-rows',
    () => [{ ...rows('s', []), shape: [0, 0, 3] }, rows('s_0', [1, 2, 3])],
    /in pieces too/,
  ],
  ['a leading zero', 'sequence-rows', () => [rows('s_00', [1, 2, 3])], /There is no input 's_00'/],
  ['a name twice', 'sequence-rows', () => [rows('s_0', [1, 2, 3]), rows('s_0', [1, 2, 3])], /'s_0' is duplicated/],
  [
    'another shape',
    'sequence-rows',
    () => [{ ...rows('s_0', [1, 2]), shape: [1, 2] }],
    /does not match float32\[N, 3\]/,
  ],
  ['another length', 'sequence-rows', () => [{ ...rows('s_0', [1, 2, 3]), shape: [2, 3] }], /the shape \[2, 3\] has 6/],
  [
    'a negative size',
    'sequence-rows',
    () => [{ ...rows('s_0', [1, 2, 3]), shape: [-1, 3] }],
    /expected a whole number/,
  ],
  [
    'a huge size',
    'sequence-types',
    () => [{ ...rows('float_0', []), shape: [0, 2 ** 40] }],
    /more than 2147483647 elements/,
  ],
  ['a scalar', 'sequence-types', () => [{ ...rows('float', [1]), shape: [] }], /needs a first dimension/],
  ['a huge position', 'sequence-rows', () => [rows('s_99999999', [1, 2, 3])], /'s_0': it is missing/],
  [
    'too many tensors',
    'sequence-rows',
    () => Array.from({ length: 3000 }, (_, index) => rows(`s_${index}`, [1, 2, 3, ...(index === 7 ? [1, 2, 3] : [])])),
    /has 3000 tensors, but at most 1024/,
  ],
  [
    'a name for each of very many tensors',
    'sequence-rows',
    () => Array.from({ length: 5000 }, (_, index) => rows(`s_${index}`, [1, 2, 3])),
    /more than 4096 tensors\. Stack tensors of one shape/,
  ],
])('a sequence with %s is refused', async (_, model, inputs, message) => {
  expect(await infer(model, inputs())).toEqual([422, { error: expect.stringMatching(message) }]);
});
