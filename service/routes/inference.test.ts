/** Tests the Open Inference Protocol with the real application and runtime. */
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { createApp } from '../app.ts';
import { version, type ModelStatistics } from '../contract/index.ts';
import { ModelRepository } from '../inference/repository/repository.ts';
import { Lifecycle } from '../lifecycle/lifecycle.ts';
import { Metrics } from '../metrics/metrics.ts';

const root = join(import.meta.dirname, '../..');
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-inference-'));
  await cp(join(root, 'models/iris'), join(dir, 'iris'), { recursive: true });
  for (const [fixture, folder] of [
    ['echo', 'echo'],
    ['columns', 'columns'],
    ['gather', 'gather/2'],
    ['gather', 'gather/10'],
  ] as const) {
    await mkdir(join(dir, folder), { recursive: true });
    await cp(join(root, `onnx/fixtures/${fixture}.onnx`), join(dir, folder, 'model.onnx'));
  }
  await writeFile(join(dir, 'columns/model.json'), '{"classes": ["no", "yes"]}');
});
afterAll(() => rm(dir, { recursive: true }));

interface Started {
  readonly request: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<Response>;
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly logs: Record<string, unknown>[];
}

async function start({
  load = true,
  models = dir,
  measure = true,
  apiKey,
  maxBodyBytes = 10_000,
}: {
  load?: boolean;
  models?: string;
  measure?: boolean;
  apiKey?: string;
  maxBodyBytes?: number;
} = {}): Promise<Started> {
  const [lifecycle, repository, logs] = [new Lifecycle(), new ModelRepository(models), [] as Record<string, unknown>[]];
  const logger = pino(
    { level: 'info' },
    { write: (line: string) => logs.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const metrics = new Metrics();
  const app = createApp({
    repository,
    lifecycle,
    metrics,
    logger,
    apiKey: () => apiKey,
    options: { strictRanges: false, requestTimeoutSeconds: 10, maxBodyBytes },
  });
  if (load) await repository.load(onnxruntime, { threads: 1, measure, observers: metrics.models });
  return {
    repository,
    lifecycle,
    logs,
    // Bytes, because fetch would declare a string as text. Like tritonclient, the request has no Content-Type.
    request: async (method, path, body, headers = {}) =>
      app.request(path, {
        method,
        headers,
        ...(body !== undefined && {
          body: new Uint8Array(
            body instanceof Uint8Array ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
          ),
        }),
      }),
  };
}

const answer = async (response: Response | Promise<Response>): Promise<[number, unknown]> => [
  (await response).status,
  await (await response).json(),
];

const X = {
  name: 'X',
  shape: [2, 4],
  datatype: 'FP32',
  data: [
    [5.1, 3.5, 1.4, 0.2],
    [6.5, 3, 5.8, 2.2],
  ],
};
const indices = (...data: unknown[]): object => ({
  inputs: [{ name: 'indices', shape: [data.length, 1], datatype: 'INT64', data }],
});

describe('metadata', () => {
  test('of the server, at both paths of the specification', async () => {
    const { request } = await start();
    for (const path of ['/v2', '/v2/']) {
      expect(await answer(request('GET', path))).toEqual([
        200,
        {
          name: 'rhizome',
          version,
          extensions: ['binary_tensor_data', 'model_configuration', 'model_repository', 'statistics'],
        },
      ]);
    }
  });

  test('of a model, with -1 for each dynamic dimension', async () => {
    const { request } = await start();
    const of10 = {
      name: 'gather',
      versions: ['2', '10'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'indices', datatype: 'INT64', shape: [-1, 1] }],
      outputs: [{ name: 'found', datatype: 'FP32', shape: [-1, 1] }],
    };
    for (const path of ['/v2/models/gather', '/v2/models/gather/versions/2'])
      expect(await answer(request('GET', path))).toEqual([200, of10]);
    expect(await answer(request('GET', '/v2/models/columns'))).toMatchObject([
      200,
      {
        inputs: [
          { name: 'colour', datatype: 'BYTES' },
          { name: 'size', datatype: 'FP32' },
        ],
      },
    ]);
  });

  test('the index lists every model and version, or only those that are ready', async () => {
    const { request } = await start();
    const ready = (name: string, of = '1'): object => ({ name, version: of, state: 'READY', reason: '' });
    const all = [ready('columns'), ready('echo'), ready('gather', '2'), ready('gather', '10'), ready('iris')];
    const [status, index] = await answer(request('POST', '/v2/repository/index', ''));
    expect([status, new Set(index as object[])]).toEqual([200, new Set(all)]);
    const loading = await start({ load: false });
    expect(await answer(loading.request('POST', '/v2/repository/index', { ready: true }))).toEqual([200, []]);
    expect(await answer(request('POST', '/v2/repository/index', { ready: 1 }))).toEqual([
      422,
      { error: '"ready" is 1, expected true or false.' },
    ]);
  });
});

describe("Triton's configuration of a model", () => {
  test('leaves the dimension of rows out if rows of several requests share a run', async () => {
    const { request } = await start({ measure: false });
    const config = {
      name: 'iris',
      platform: 'onnxruntime_onnx',
      backend: 'onnxruntime',
      version_policy: { all: {} },
      max_batch_size: 64,
      input: [{ name: 'X', data_type: 'TYPE_FP32', format: 'FORMAT_NONE', dims: [4], optional: false }],
      output: [
        { name: 'output_label', data_type: 'TYPE_INT64', dims: [] },
        { name: 'output_probability', data_type: 'TYPE_FP32', dims: [3] },
      ],
      dynamic_batching: { preferred_batch_size: [64], max_queue_delay_microseconds: 0 },
      instance_group: [{ name: 'iris_0', kind: 'KIND_CPU', count: 1 }],
    };
    for (const path of ['/v2/models/iris/config', '/v2/models/iris/versions/1/config'])
      expect(await answer(request('GET', path))).toEqual([200, config]);
  });

  test('has every dimension if they do not', async () => {
    const models = await mkdtemp(join(tmpdir(), 'rhizome-config-'));
    await cp(join(root, 'fixtures/training-libraries/no-rows'), join(models, 'no-rows'), { recursive: true });
    const { request, repository } = await start({ models, measure: false });
    await rm(models, { recursive: true });
    const { inputs } = repository.get('no-rows').model.signature;
    const [status, config] = await answer(request('GET', '/v2/models/no-rows/config'));
    expect([status, config]).toMatchObject([
      200,
      { max_batch_size: 0, input: inputs.map(({ name, shape }) => ({ name, dims: shape })) },
    ]);
    expect(config).not.toHaveProperty('dynamic_batching');
  });
});

describe("Triton's statistics", () => {
  const stats = async (request: Started['request'], path: string): Promise<ModelStatistics[]> => {
    const [status, body] = await answer(request('GET', path));
    expect(status).toBe(200);
    return (body as { model_stats: ModelStatistics[] }).model_stats;
  };
  const counts = ({ inference_stats }: ModelStatistics): Record<string, number> =>
    Object.fromEntries(Object.entries(inference_stats).map(([name, { count }]) => [name, count]));
  const none = { count: 0, ns: 0 };

  test('are 0 for a model that has had no request', async () => {
    const { request } = await start({ measure: false });
    const all = await stats(request, '/v2/models/stats');
    expect(new Set(all.map(({ name, version }) => `${name} ${version}`))).toEqual(
      new Set(['columns 1', 'echo 1', 'gather 2', 'gather 10', 'iris 1']),
    );
    for (const { last_inference, inference_count, execution_count, inference_stats, batch_stats } of all) {
      expect({ last_inference, inference_count, execution_count, batch_stats }).toEqual({
        last_inference: 0,
        inference_count: 0,
        execution_count: 0,
        batch_stats: [],
      });
      for (const sum of Object.values(inference_stats)) expect(sum).toEqual(none);
    }
  });

  test('count the requests, rows and runs of a model, by either protocol', async () => {
    const { request } = await start({ measure: false });
    const before = Date.now();
    for (let times = 0; times < 3; times++) await request('POST', '/v2/models/iris/infer', { inputs: [X] });
    const json = { 'Content-Type': 'application/json' };
    const iris = { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 };
    expect((await request('POST', '/models/iris/predictions', iris, json)).status).toBe(200);
    expect((await request('POST', '/v2/models/iris/infer', { inputs: [] })).status).toBe(422);
    const [ofIris, ...others] = await stats(request, '/v2/models/iris/stats');
    expect(others).toEqual([]);
    expect(await stats(request, '/v2/models/iris/versions/1/stats')).toEqual([ofIris]);
    expect(ofIris).toMatchObject({ name: 'iris', version: '1', inference_count: 7, execution_count: 4 });
    expect(counts(ofIris!)).toEqual({
      success: 4,
      fail: 1,
      queue: 4,
      compute_input: 4,
      compute_infer: 4,
      compute_output: 0,
      cache_hit: 0,
      cache_miss: 0,
    });
    const { success, fail, compute_infer } = ofIris!.inference_stats;
    for (const { ns } of [success, fail, compute_infer]) expect(ns).toBeGreaterThan(0);
    expect(success.ns).toBeGreaterThan(compute_infer.ns);
    expect(Math.abs(ofIris!.last_inference - before)).toBeLessThan(60_000);
    expect(ofIris!.batch_stats).toEqual([
      { batch_size: 1, compute_input: times(1), compute_infer: times(1), compute_output: none },
      { batch_size: 2, compute_input: times(3), compute_infer: times(3), compute_output: none },
    ]);
  });

  test('are of each version, and without one of all versions', async () => {
    const { request } = await start({ measure: false });
    await request('POST', '/v2/models/gather/versions/2/infer', indices([0]));
    const rows = async (path: string): Promise<unknown[]> =>
      (await stats(request, path)).map(({ version, inference_count }) => [version, inference_count]);
    expect(await rows('/v2/models/gather/stats')).toEqual([
      ['2', 1],
      ['10', 0],
    ]);
    expect(await rows('/v2/models/gather/versions/10/stats')).toEqual([['10', 0]]);
  });

  test('and the configuration name an unknown model or version', async () => {
    const { request } = await start({ measure: false });
    for (const what of ['stats', 'config']) {
      expect(await answer(request('GET', `/v2/models/rose/${what}`))).toEqual([
        404,
        { error: expect.stringContaining("There is no model 'rose'") },
      ]);
      expect(await answer(request('GET', `/v2/models/iris/versions/7/${what}`))).toEqual([
        404,
        { error: expect.stringContaining("has no version '7'") },
      ]);
      expect(await answer(request('POST', `/v2/models/iris/${what}`))).toMatchObject([405, {}]);
    }
  });
});

/** Matches a sum of so many durations. */
const times = (count: number): object => ({ count, ns: expect.any(Number) });

describe('health', () => {
  test('suits clients that read the body and clients that read the status', async () => {
    const { request } = await start();
    expect(await answer(request('GET', '/v2/health/live'))).toEqual([200, { live: true }]);
    expect(await answer(request('GET', '/v2/health/ready'))).toEqual([200, { ready: true, live: true }]);
    expect(await answer(request('GET', '/v2/models/iris/ready'))).toEqual([200, { name: 'iris', ready: true }]);
    expect(await answer(request('GET', '/v2/models/gather/versions/2/ready'))).toEqual([
      200,
      { name: 'gather', ready: true },
    ]);
  });

  test('is the same as in /readyz: not before the models are loaded, and not while closing', async () => {
    const { request } = await start({ load: false });
    expect(await answer(request('GET', '/v2/health/live'))).toEqual([200, { live: true }]);
    expect(await answer(request('GET', '/v2/health/ready'))).toEqual([503, { ready: false, live: true }]);
    const { request: later, lifecycle } = await start();
    lifecycle.advance('closing');
    expect((await later('GET', '/v2/health/ready')).status).toBe(503);
  });

  test('a model that failed to load is not ready, and requests for it say so', async () => {
    const broken = await mkdtemp(join(tmpdir(), 'rhizome-broken-'));
    await mkdir(join(broken, 'broken'));
    await writeFile(join(broken, 'broken/model.onnx'), 'x');
    const { request } = await start({ models: broken });
    await rm(broken, { recursive: true });
    for (const what of ['config', 'stats'])
      expect((await request('GET', `/v2/models/broken/${what}`)).status).toBe(503);
    expect(await answer(request('GET', '/v2/models/stats'))).toEqual([200, { model_stats: [] }]);
    expect(await answer(request('GET', '/v2/models/broken/ready'))).toEqual([503, { name: 'broken', ready: false }]);
    expect(await answer(request('POST', '/v2/models/broken/infer', {}))).toEqual([
      503,
      { error: "The model 'broken' could not be loaded. GET /models says why." },
    ]);
    expect(await answer(request('POST', '/v2/repository/index', ''))).toMatchObject([
      200,
      [{ name: 'broken', state: 'UNAVAILABLE', reason: expect.stringContaining('model.onnx') }],
    ]);
  });

  test('needs no key, but everything else does', async () => {
    const { request } = await start({ apiKey: 'correct-horse' });
    for (const path of ['live', 'ready']) expect((await request('GET', `/v2/health/${path}`)).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/v2'],
      ['GET', '/v2/models/iris'],
      ['GET', '/v2/models/iris/ready'],
      ['GET', '/v2/models/iris/config'],
      ['GET', '/v2/models/iris/stats'],
      ['GET', '/v2/models/stats'],
      ['POST', '/v2/models/iris/infer'],
      ['POST', '/v2/repository/index'],
    ] as const) {
      expect(await answer(request(method, path))).toEqual([401, { error: expect.stringContaining('API key') }]);
    }
    expect(
      (await request('POST', '/v2/models/iris/infer', { inputs: [X] }, { Authorization: 'Bearer correct-horse' }))
        .status,
    ).toBe(200);
  });
});

describe('POST …/infer', () => {
  test("returns the outputs with the request's id, and is counted and logged by model", async () => {
    const { request, logs } = await start();
    const [status, body] = await answer(request('POST', '/v2/models/iris/infer', { id: '42', inputs: [X] }));
    expect([status, body]).toEqual([
      200,
      {
        model_name: 'iris',
        model_version: '1',
        id: '42',
        outputs: [
          { name: 'output_label', datatype: 'INT64', shape: [2], data: [0, 2] },
          { name: 'output_probability', datatype: 'FP32', shape: [2, 3], data: expect.any(Array) },
        ],
      },
    ]);
    expect(logs.at(-1)).toMatchObject({ path: '/v2/models/iris/infer', model: 'iris', status: 200 });
    const metrics = await (await request('GET', '/metrics')).text();
    expect(metrics).toContain(
      'rhizome_requests_total{protocol="http",route="/v2/models/:name/infer",model="iris",code="200"} 1',
    );
    expect(metrics).toContain('rhizome_inference_duration_seconds_count{model="iris"} 1');
  });

  test('returns only the requested outputs, binary ones after the JSON', async () => {
    const { request } = await start();
    const outputs = [{ name: 'output_probability', parameters: { binary_data: true } }];
    const response = await request('POST', '/v2/models/iris/infer', { inputs: [X], outputs });
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
    const body = new Uint8Array(await response.arrayBuffer());
    const length = Number(response.headers.get('Inference-Header-Content-Length'));
    expect(JSON.parse(new TextDecoder().decode(body.subarray(0, length)))).toEqual({
      model_name: 'iris',
      model_version: '1',
      outputs: [{ name: 'output_probability', datatype: 'FP32', shape: [2, 3], parameters: { binary_data_size: 24 } }],
    });
    expect(new Float32Array(body.slice(length).buffer)[0]).toBeCloseTo(0.977, 3);
  });

  test('accepts binary tensors with the Content-Type of bytes or none', async () => {
    const { request } = await start();
    const head = Buffer.from(
      JSON.stringify({
        inputs: [{ name: 'indices', shape: [2, 1], datatype: 'INT64', parameters: { binary_data_size: 16 } }],
      }),
    );
    const body = Buffer.concat([head, Buffer.from(BigInt64Array.of(4n, -5n).buffer)]);
    for (const type of [{}, { 'Content-Type': 'application/octet-stream' }]) {
      const response = request('POST', '/v2/models/gather/versions/2/infer', body, {
        'Inference-Header-Content-Length': String(head.length),
        ...type,
      });
      expect(await answer(response)).toMatchObject([
        200,
        { model_version: '2', outputs: [{ name: 'found', shape: [2, 1], data: [4.5, 0.5] }] },
      ]);
    }
  });

  test('every element type comes back unchanged', async () => {
    const { request } = await start();
    const data: Record<string, [string, string]> = {
      float32: ['FP32', '[0.5,"NaN"]'],
      float64: ['FP64', '[0.1,"-Infinity"]'],
      float16: ['FP16', '[0.5,65504]'],
      int8: ['INT8', '[-128,127]'],
      int16: ['INT16', '[-32768,32767]'],
      int32: ['INT32', '[-2147483648,2147483647]'],
      int64: ['INT64', '[-9223372036854775808,9223372036854775807]'],
      uint8: ['UINT8', '[0,255]'],
      uint16: ['UINT16', '[0,65535]'],
      uint32: ['UINT32', '[0,4294967295]'],
      uint64: ['UINT64', '[0,18446744073709551615]'],
      bool: ['BOOL', '[true,false]'],
      string: ['BYTES', '["","é"]'],
    };
    const tensors = (suffix: string): string =>
      Object.entries(data)
        .map(
          ([name, [type, values]]) => `{"name":"${name}${suffix}","datatype":"${type}","shape":[2],"data":${values}}`,
        )
        .join(',');
    const response = await request('POST', '/v2/models/echo/infer', `{"inputs":[${tensors('')}]}`);
    expect(await response.text()).toBe(`{"model_name":"echo","model_version":"1","outputs":[${tensors('_out')}]}`);
  });

  test('a model of texts and numbers', async () => {
    const { request } = await start();
    const inputs = [
      { name: 'colour', shape: [2, 1], datatype: 'BYTES', data: ['red', 'blue'] },
      { name: 'size', shape: [2, 1], datatype: 'FP32', data: [1, 4] },
    ];
    expect(
      await answer(request('POST', '/v2/models/columns/infer', { inputs, outputs: [{ name: 'output_label' }] })),
    ).toMatchObject([200, { outputs: [{ name: 'output_label', datatype: 'INT64', data: [0, 1] }] }]);
  });
});

describe('errors are {"error"}, and the next valid request is served', () => {
  const infer = '/v2/models/gather/infer';
  test.each<[string, number, string, string, unknown, Record<string, string>, string]>([
    ['an unknown route', 404, 'GET', '/v2/model', undefined, {}, 'There is no route /v2/model.'],
    [
      'an unknown model',
      404,
      'POST',
      '/v2/models/rose/infer',
      {},
      {},
      "There is no model 'rose'. Available models: columns, echo, gather, iris.",
    ],
    [
      'an unknown version',
      404,
      'GET',
      '/v2/models/gather/versions/3',
      undefined,
      {},
      "The model 'gather' has no version '3'. Its versions are 2, 10.",
    ],
    ["an unknown model's readiness", 404, 'GET', '/v2/models/rose/ready', undefined, {}, "There is no model 'rose'."],
    ['another method', 405, 'GET', infer, undefined, {}, 'does not support GET, only POST.'],
    [
      'a body over the limit',
      413,
      'POST',
      infer,
      ' '.repeat(10_001),
      { 'Content-Length': '10001' },
      'larger than 10000 bytes',
    ],
    ['another type', 415, 'POST', infer, indices(1), { 'Content-Type': 'text/csv' }, "The Content-Type is 'text/csv'"],
    [
      'an unknown compression',
      415,
      'POST',
      infer,
      indices(1),
      { 'Content-Type': 'application/json', 'Content-Encoding': 'br' },
      "The Content-Encoding is 'br'",
    ],
    [
      'a body that is not compressed as it says',
      400,
      'POST',
      infer,
      indices(1),
      { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
      'The body is not valid gzip: incorrect header check',
    ],
    ['no JSON', 400, 'POST', infer, '{"inputs": [NaN]}', {}, 'The body is not valid JSON: line 1, column 13'],
    ['deeply nested JSON', 400, 'POST', infer, '['.repeat(9000), {}, 'nested too deeply'],
    [
      'a missing input',
      422,
      'POST',
      infer,
      { inputs: [] },
      {},
      "Input 'indices' is missing. The model's inputs are 'indices'.",
    ],
    [
      'another datatype',
      422,
      'POST',
      infer,
      { inputs: [{ name: 'indices', shape: [1, 1], datatype: 'INT32', data: [1] }] },
      {},
      "Input 'indices': its dtype is int32, expected int64.",
    ],
    [
      'an unknown output',
      422,
      'POST',
      infer,
      { ...indices(1), outputs: [{ name: 'lost' }] },
      {},
      "There is no output 'lost'. The model's outputs are 'found'.",
    ],
    [
      'what the runtime refuses',
      422,
      'POST',
      infer,
      indices(99),
      {},
      "The model's runtime rejects the inputs, although their types and shapes are valid: " +
        'a Gather node failed: indices element out of data bounds, idx=99',
    ],
  ])('%s: %i', async (_, status, method, path, body, headers, message) => {
    const { request } = await start();
    const response = await request(method, path, body, headers);
    // Clients compare the Content-Type with exactly this.
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(await answer(response)).toEqual([status, { error: expect.stringContaining(message) }]);
    expect(await answer(request('POST', infer, indices(0)))).toMatchObject([
      200,
      { model_version: '10', outputs: [{ data: [0.5] }] },
    ]);
  });

  test('405 names the methods and 401 the scheme', async () => {
    const { request } = await start({ apiKey: 'correct-horse' });
    expect((await request('POST', '/v2/health/live')).headers.get('Allow')).toBe('GET, HEAD');
    expect((await request('GET', '/v2')).headers.get('WWW-Authenticate')).toBe('Bearer');
  });

  test('an internal error is a 500 without details', async () => {
    const { request, repository, logs } = await start();
    jest.spyOn(repository.get('gather').model, 'run').mockRejectedValue(new TypeError('x is undefined'));
    expect(await answer(request('POST', infer, indices(0)))).toEqual([
      500,
      { error: expect.stringContaining('Its log has the reason') },
    ]);
    expect(logs.find(({ msg }) => msg === 'internal error')).toHaveProperty('err.message', 'x is undefined');
  });
});
