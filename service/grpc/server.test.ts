import { once } from 'node:events';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import type { ModelInferRequest, ModelInferResponse } from './fixtures/messages.ts';
import { engineThatRuns } from '../fixtures/engine.ts';
import { modelsFolder, protos, start, stopAll, TestClient, type Started } from './fixtures/server.ts';

afterEach(stopAll);

const fixtures = join(import.meta.dirname, '../../onnx/fixtures');
const setosa = [5.1, 3.5, 1.4, 0.2];
const virginica = [6.5, 3, 5.8, 2.2];

/** Returns a request to the model iris with typed contents. */
const typed = (...rows: number[][]): ModelInferRequest => ({
  model_name: 'iris',
  id: '7',
  inputs: [
    { name: 'X', datatype: 'FP32', shape: [String(rows.length), '4'], contents: { fp32_contents: rows.flat() } },
  ],
});

const raw = (...rows: number[][]): ModelInferRequest => ({
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: [String(rows.length), '4'] }],
  raw_input_contents: [Buffer.from(new Float32Array(rows.flat()).buffer)],
});

const failed = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'it was answered',
    (error: unknown) => {
      const { code, details } = error as { code: status; details: string };
      return [status[code], details];
    },
  );
const infer = (client: TestClient, request: object): Promise<ModelInferResponse> =>
  client.call<ModelInferResponse>('ModelInfer', request);
const requests = ({ logs }: Started) =>
  logs
    .filter(({ msg }) => msg === 'request')
    .map(({ path, status: answered, model }) => [String(path).split('/').at(-1), answered, model]);

describe('the Open Inference Protocol', () => {
  test('describes the server and its models', async () => {
    const client = (await start()).client();
    expect(await client.call('ServerLive')).toEqual({ live: true });
    expect(await client.call('ServerReady')).toEqual({ ready: true });
    expect(await client.call('ModelReady', { name: 'iris' })).toEqual({ ready: true });
    expect(await client.call('ModelReady', { name: 'iris', version: '1' })).toEqual({ ready: true });
    expect(await client.call('ServerMetadata')).toMatchObject({
      name: 'rhizome',
      extensions: expect.arrayContaining(['model_repository']),
    });
    expect(await client.call('ModelMetadata', { name: 'iris' })).toEqual({
      name: 'iris',
      versions: ['1'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'X', datatype: 'FP32', shape: ['-1', '4'] }],
      outputs: [
        { name: 'output_label', datatype: 'INT64', shape: ['-1'] },
        { name: 'output_probability', datatype: 'FP32', shape: ['-1', '3'] },
      ],
    });
    expect(await client.call('RepositoryIndex')).toEqual({
      models: [{ name: 'iris', version: '1', state: 'READY', reason: '' }],
    });
  });

  test.each([
    ['an unknown model', { name: 'none' }, "There is no model 'none'. Available models: iris."],
    ['an unknown version', { name: 'iris', version: '9' }, "no version '9'"],
  ])('%s has neither metadata nor statistics, and is not ready', async (_, request, details) => {
    const started = await start();
    const client = started.client();
    const expected = ['NOT_FOUND', expect.stringContaining(details)];
    expect(await failed(client.call('ModelMetadata', request))).toEqual(expected);
    expect(await failed(client.call('ModelReady', request))).toEqual(expected);
    expect(await failed(client.call('ModelConfig', request))).toEqual(expected);
    expect(await failed(client.call('ModelStatistics', request))).toEqual(expected);
    expect(requests(started)).toEqual([
      ['ModelMetadata', 'NOT_FOUND', undefined],
      ['ModelReady', 'NOT_FOUND', undefined],
      ['ModelConfig', 'NOT_FOUND', undefined],
      ['ModelStatistics', 'NOT_FOUND', undefined],
    ]);
  });

  test('configures a model as Triton does', async () => {
    const client = (await start({ measure: false })).client();
    expect(await client.call('ModelConfig', { name: 'iris' })).toEqual({
      config: {
        name: 'iris',
        platform: 'onnxruntime_onnx',
        backend: 'onnxruntime',
        version_policy: { all: {}, policy_choice: 'all' },
        max_batch_size: 64,
        input: [{ name: 'X', data_type: 'TYPE_FP32', format: 'FORMAT_NONE', dims: ['4'], optional: false }],
        output: [
          { name: 'output_label', data_type: 'TYPE_INT64' },
          { name: 'output_probability', data_type: 'TYPE_FP32', dims: ['3'] },
        ],
        dynamic_batching: { preferred_batch_size: [64], max_queue_delay_microseconds: '0' },
        instance_group: [{ name: 'iris_0', kind: 'KIND_CPU', count: 1 }],
        scheduling_choice: 'dynamic_batching',
      },
    });
  });

  test('counts requests and runs as Triton does', async () => {
    const client = (await start({ measure: false })).client();
    await infer(client, typed(setosa, virginica));
    await infer(client, raw(setosa));
    await failed(infer(client, { model_name: 'iris' }));
    const sum = (count: number) => ({
      count: String(count),
      ns: expect.stringMatching(count === 0 ? '^0$' : '^\\d+$'),
    });
    const statistics = {
      model_stats: [
        {
          name: 'iris',
          version: '1',
          last_inference: expect.stringMatching(/^\d{13}$/),
          inference_count: '3',
          execution_count: '2',
          inference_stats: {
            success: sum(2),
            fail: sum(1),
            queue: sum(2),
            compute_input: sum(2),
            compute_infer: sum(2),
            compute_output: sum(0),
            cache_hit: sum(0),
            cache_miss: sum(0),
          },
          batch_stats: [1, 2].map((rows) => ({
            batch_size: String(rows),
            compute_input: sum(1),
            compute_infer: sum(1),
            compute_output: sum(0),
          })),
        },
      ],
    };
    for (const request of [{}, { name: 'iris' }, { name: 'iris', version: '1' }])
      expect(await client.call('ModelStatistics', request)).toEqual(statistics);
  });

  test('typed contents get a typed response, with the id', async () => {
    const { model_name, model_version, id, outputs, raw_output_contents } = await infer(
      (await start()).client(),
      typed(setosa, virginica),
    );
    expect([model_name, model_version, id, raw_output_contents]).toEqual(['iris', '1', '7', undefined]);
    expect(outputs.map(({ name, datatype, shape }) => [name, datatype, shape])).toEqual([
      ['output_label', 'INT64', ['2']],
      ['output_probability', 'FP32', ['2', '3']],
    ]);
    expect(outputs[0]!.contents).toEqual({ int64_contents: ['0', '2'] });
    expect(outputs[1]!.contents!.fp32_contents![0]).toBeCloseTo(0.977, 3);
  });

  test('raw contents get a raw response', async () => {
    const {
      id,
      outputs,
      raw_output_contents: [label, probability] = [],
    } = await infer((await start()).client(), raw(setosa));
    expect([id, outputs.map(({ contents }) => contents)]).toEqual([undefined, [undefined, undefined]]);
    expect(label).toEqual(Buffer.from(BigInt64Array.of(0n).buffer));
    expect(new Float32Array(new Uint8Array(probability!).buffer)[0]).toBeCloseTo(0.977, 3);
  });

  test('outputs can be selected', async () => {
    const { outputs } = await infer((await start()).client(), {
      ...typed(setosa),
      outputs: [{ name: 'output_probability' }],
    });
    expect(outputs.map(({ name }) => name)).toEqual(['output_probability']);
  });

  test.each([
    ['an unknown model', { model_name: 'none' }, 'NOT_FOUND', "There is no model 'none'. Available models: iris."],
    ['no model', {}, 'NOT_FOUND', 'Available models: iris.'],
    ['an unknown version', { ...typed(setosa), model_version: '9' }, 'NOT_FOUND', "no version '9'"],
    ['a missing input', { model_name: 'iris' }, 'INVALID_ARGUMENT', "Input 'X' is missing"],
    [
      'too few elements',
      { ...typed(setosa), inputs: [{ ...typed(setosa).inputs![0], shape: ['2', '4'] }] },
      'INVALID_ARGUMENT',
      'it has 4 elements, but the shape [2, 4] has 8',
    ],
    [
      'too few bytes',
      { ...raw(setosa), raw_input_contents: [Buffer.alloc(15)] },
      'INVALID_ARGUMENT',
      "Input 'X': it has 15 bytes",
    ],
    [
      'fewer raw contents than inputs',
      { ...raw(setosa), inputs: [...raw(setosa).inputs!, { name: 'Y' }] },
      'INVALID_ARGUMENT',
      'raw_input_contents has 1 element, but the request has 2 inputs. Each input needs one.',
    ],
    [
      'typed and raw at once',
      { ...typed(setosa), raw_input_contents: raw(setosa).raw_input_contents },
      'INVALID_ARGUMENT',
      'Send only one of them',
    ],
    [
      'contents in another field',
      { ...typed(setosa), inputs: [{ ...typed(setosa).inputs![0], contents: { fp64_contents: setosa } }] },
      'INVALID_ARGUMENT',
      'its elements are in fp64_contents, expected them in fp32_contents',
    ],
    [
      'an unknown datatype',
      { ...typed(setosa), inputs: [{ ...typed(setosa).inputs![0], datatype: 'BF16' }] },
      'INVALID_ARGUMENT',
      "the datatype is 'BF16'",
    ],
    [
      'a negative dimension',
      { ...typed(setosa), inputs: [{ ...typed(setosa).inputs![0], shape: ['-1', '4'] }] },
      'INVALID_ARGUMENT',
      'dimension 0 of the shape is -1',
    ],
    [
      'a shape that overflows',
      {
        ...typed(setosa),
        inputs: [{ ...typed(setosa).inputs![0], shape: ['9223372036854775807', '9223372036854775807'] }],
      },
      'INVALID_ARGUMENT',
      'more than',
    ],
    ['an unknown output', { ...typed(setosa), outputs: [{ name: 'none' }] }, 'INVALID_ARGUMENT', "no output 'none'"],
  ])('%s is refused with its name', async (_, request, code, details) => {
    const client = (await start()).client();
    expect(await failed(infer(client, request))).toEqual([code, expect.stringContaining(details)]);
    expect((await infer(client, typed(setosa))).model_name).toBe('iris');
  });

  test('an unknown method is UNIMPLEMENTED', async () => {
    const { address } = await start();
    const client = new TestClient(address, {
      TraceSetting: { ...protos.inference['ServerReady']!, path: '/inference.GRPCInferenceService/TraceSetting' },
    });
    expect(await failed(client.call('TraceSetting'))).toEqual([
      'UNIMPLEMENTED',
      expect.stringContaining('TraceSetting'),
    ]);
    client.close();
  });

  test('it is live but not ready while the models load', async () => {
    const started = await start({ load: false });
    const client = started.client();
    expect(await client.call('ServerLive')).toEqual({ live: true });
    expect(await client.call('ServerReady')).toEqual({ ready: false });
  });

  test('a model that failed to load is not ready, and calls of it say so', async () => {
    const client = (await start({ dir: await modelsFolder({ broken: join(fixtures, 'make.py') }) })).client();
    expect(await client.call('ModelReady', { name: 'broken' })).toEqual({ ready: false });
    expect(await failed(infer(client, { model_name: 'broken' }))).toEqual([
      'UNAVAILABLE',
      "The model 'broken' could not be loaded. GET /models says why.",
    ]);
    expect(await client.call('RepositoryIndex')).toMatchObject({
      models: [{ name: 'broken', state: 'UNAVAILABLE', reason: expect.stringContaining('model.onnx') }],
    });
    expect(await client.call('RepositoryIndex', { ready: true })).toEqual({});
  });
});

test('the number of calls in progress is 0 before the first one', async () => {
  const { metrics } = await start({ load: false });
  expect((await metrics.scrape()).text).toContain('rhizome_requests_in_flight{protocol="grpc"} 0');
});

describe('every call', () => {
  test('is logged, is counted, and has an id', async () => {
    const started = await start();
    const client = started.client({ 'x-request-id': 'mine' });
    const ids: unknown[] = [];
    await client.call('ServerLive', {}, {}, (metadata) => ids.push(...metadata.get('x-request-id')));
    await infer(client, typed(setosa));
    await failed(infer(client, { model_name: 'none' }));
    expect(ids).toEqual(['mine']);
    expect(requests(started)).toEqual([
      ['ServerLive', 'OK', undefined],
      ['ModelInfer', 'OK', 'iris'],
      ['ModelInfer', 'NOT_FOUND', undefined],
    ]);
    expect(started.logs.find(({ path }) => String(path).endsWith('ModelInfer'))).toMatchObject({
      request_id: 'mine',
      method: 'gRPC',
      path: '/inference.GRPCInferenceService/ModelInfer',
    });
    const counts = (await started.metrics.scrape()).text;
    expect(counts).toContain(
      'rhizome_requests_total{protocol="grpc",route="/inference.GRPCInferenceService/ModelInfer",' +
        'model="iris",code="OK"} 1',
    );
    expect(counts).toContain('rhizome_inference_duration_seconds_count{model="iris"} 1');
    expect(counts).toContain('rhizome_requests_in_flight{protocol="grpc"} 0');
  });

  test('needs the key if there is one, except for probes', async () => {
    const started = await start({ apiKey: 'secret' });
    expect(await failed(infer(started.client(), typed(setosa)))).toEqual([
      'UNAUTHENTICATED',
      expect.stringContaining('"Authorization: Bearer KEY"'),
    ]);
    expect(await failed(started.client({ authorization: 'Bearer wrong' }).call('RepositoryIndex'))).toEqual([
      'UNAUTHENTICATED',
      'The API key is wrong.',
    ]);
    expect((await infer(started.client({ authorization: 'Bearer secret' }), typed(setosa))).model_name).toBe('iris');
    expect(await started.client().call('ServerReady')).toEqual({ ready: true });
    expect(await started.client({}, protos.health).call('Check')).toEqual({ status: 'SERVING' });
    expect(requests(started)[0]).toEqual(['ModelInfer', 'UNAUTHENTICATED', undefined]);
  });

  test('has a size limit', async () => {
    const started = await start();
    const client = started.client();
    const large = { ...raw(setosa), raw_input_contents: [Buffer.alloc(100_001)] };
    expect(await failed(infer(client, large))).toEqual([
      'RESOURCE_EXHAUSTED',
      expect.stringMatching(
        /^The message is larger than 100000 bytes \(MAX_BODY_BYTES\)\. Send less in one call, raw_input/,
      ),
    ]);
    expect((await infer(client, typed(setosa))).model_name).toBe('iris');
    expect(requests(started)).toEqual([
      ['ModelInfer', 'RESOURCE_EXHAUSTED', undefined],
      ['ModelInfer', 'OK', 'iris'],
    ]);
  });

  test('ends at its deadline or timeout, whatever the model does', async () => {
    const started = await start({
      engine: engineThatRuns(() => new Promise(() => undefined)),
      environment: { REQUEST_TIMEOUT_SECONDS: '0.3' },
    });
    expect(await failed(started.client().call('ModelInfer', typed(setosa), { deadline: Date.now() + 100 }))).toEqual([
      'DEADLINE_EXCEEDED',
      expect.any(String),
    ]);
    expect(await failed(infer(started.client(), typed(setosa)))).toEqual([
      'DEADLINE_EXCEEDED',
      // The model's queue may notice it first, and says how long it took.
      expect.stringMatching(/(within 0\.3 s|after \d+(\.\d+)? s).*REQUEST_TIMEOUT_SECONDS/),
    ]);
    expect((await started.metrics.scrape()).text).toContain('rhizome_requests_in_flight{protocol="grpc"} 0');
  });

  test('ends when its client cancels it', async () => {
    const running = Promise.withResolvers<undefined>();
    const started = await start({
      engine: engineThatRuns(() => {
        running.resolve(undefined);
        return new Promise(() => undefined);
      }),
    });
    const { path, requestSerialize, responseDeserialize } = protos.inference['ModelInfer']!;
    const call = started
      .client()
      .client.makeUnaryRequest(path, requestSerialize, responseDeserialize, typed(setosa), () => undefined);
    await running.promise;
    call.cancel();
    await once(started.lines, 'request');
    expect(requests(started)).toEqual([['ModelInfer', 'CANCELLED', 'iris']]);
  });

  test('does not reach the model once its client no longer waits', async () => {
    const [running, release] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    let rows = 0;
    const started = await start({
      engine: engineThatRuns(async (feeds) => {
        const count = feeds['X']?.shape[0] ?? 0;
        rows += count;
        running.resolve(undefined);
        await release.promise;
        return {
          output_label: { dtype: 'int64', shape: [count], data: new BigInt64Array(count) },
          output_probability: { dtype: 'float32', shape: [count, 3], data: new Float32Array(3 * count) },
        };
      }),
    });
    const client = started.client();
    const first = infer(client, typed(setosa));
    await running.promise;
    const ended = once(started.lines, 'request');
    const late = failed(client.call('ModelInfer', typed(setosa, setosa), { deadline: Date.now() + 50 }));
    const last = infer(client, typed(virginica));
    expect(await late).toEqual(['DEADLINE_EXCEEDED', expect.any(String)]);
    await ended;
    release.resolve(undefined);
    expect([(await first).model_name, (await last).model_name, rows]).toEqual(['iris', 'iris', 2]);
  });

  test('with an internal error logs the reason, which the client does not get', async () => {
    const started = await start({ engine: engineThatRuns(() => Promise.reject(new Error('a bug'))) });
    expect(await failed(infer(started.client(), typed(setosa)))).toEqual([
      'INTERNAL',
      expect.stringContaining('under this request id'),
    ]);
    expect(started.logs.find(({ msg }) => msg === 'internal error')).toMatchObject({ err: { message: 'a bug' } });
  });
});
