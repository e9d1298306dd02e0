/** ModelStreamInfer, with the client's library and the real runtime. */
import { Metadata, status, type ClientDuplexStream, type StatusObject } from '@grpc/grpc-js';
import { engineThatRuns } from '../fixtures/engine.ts';
import { until } from '../fixtures/until.ts';
import { drain } from '../lifecycle/drain.ts';
import type { ModelInferRequest, ModelInferResponse } from './fixtures/messages.ts';
import { protos, start, stopAll, type Started } from './fixtures/server.ts';

afterEach(stopAll);

interface StreamResponse {
  readonly error_message?: string;
  readonly infer_response?: ModelInferResponse & { readonly parameters?: unknown };
}

const { path, requestSerialize, responseDeserialize } = protos.inference['ModelStreamInfer']!;

const setosa = [5.1, 3.5, 1.4, 0.2];
const virginica = [6.5, 3, 5.8, 2.2];
const flower = (id: string, values = setosa): ModelInferRequest => ({
  model_name: 'iris',
  id,
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: values } }],
});

interface Opened {
  readonly stream: ClientDuplexStream<ModelInferRequest | Buffer, StreamResponse>;
  readonly responses: StreamResponse[];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<StatusObject>;
}

/** Opens a stream. A request that is a buffer is sent as it is. */
function open(
  started: Started,
  headers: Readonly<Record<string, string>> = {},
  deadline?: number,
  { client } = started.client(),
): Opened {
  const stream = client.makeBidiStreamRequest<ModelInferRequest | Buffer, StreamResponse>(
    path,
    (request) => (Buffer.isBuffer(request) ? request : requestSerialize(request)),
    responseDeserialize as (bytes: Buffer) => StreamResponse,
    Metadata.fromHttp2Headers(headers),
    deadline === undefined ? {} : { deadline },
  );
  const responses: StreamResponse[] = [];
  stream.on('data', (response: StreamResponse) => responses.push(response)).on('error', () => undefined);
  const ended = new Promise<StatusObject>((resolve) => stream.once('status', resolve));
  return { stream, responses, ended };
}

const idOf = ({ infer_response: response }: StreamResponse): string | undefined => response?.id;
const requestLines = ({ logs }: Started): unknown[][] =>
  logs.filter(({ msg }) => msg === 'request').map(({ path, status, model }) => [path, status, model]);
const count = async ({ metrics }: Started, labels: string): Promise<number> => {
  const line = (await metrics.scrape()).text.split('\n').find((each) => each.includes(`${labels}}`));
  return Number(line?.split(' ').at(-1) ?? 0);
};
const inFlight = (started: Started): Promise<number> => count(started, 'rhizome_requests_in_flight{protocol="grpc"');

test('each request gets one response, in order, and one that fails does not end the stream', async () => {
  const started = await start();
  const { stream, responses, ended } = open(started, { 'x-request-id': 'mine' });
  stream.write(flower('1'));
  stream.write({ model_name: 'rose', id: '2' });
  stream.write(Buffer.of(0x1a, 0x01, 0x33, 0xff));
  stream.write({ ...flower('4'), inputs: [] });
  stream.write(flower('', virginica));
  stream.end();
  expect(await ended).toMatchObject({ code: status.OK });
  expect(responses).toMatchObject([
    { infer_response: { id: '1', model_name: 'iris', outputs: [{ contents: { int64_contents: ['0'] } }, {}] } },
    { error_message: expect.stringContaining("There is no model 'rose'"), infer_response: { id: '2' } },
    { error_message: expect.stringContaining('not a valid protobuf message'), infer_response: { id: '3' } },
    { error_message: expect.stringContaining("Input 'X' is missing"), infer_response: { id: '4' } },
    { infer_response: { model_version: '1', outputs: [{ contents: { int64_contents: ['2'] } }, {}] } },
  ]);
  // As Triton says it.
  expect(responses[0]?.infer_response?.parameters).toMatchObject({ triton_final_response: { bool_param: true } });
  const single = await started.client().call<ModelInferResponse>('ModelInfer', flower('1'));
  expect(responses[0]?.infer_response).toMatchObject(single);
});

test('each request is logged and counted, and the stream is only logged', async () => {
  const started = await start();
  const { stream, ended } = open(started, { 'x-request-id': 'mine' });
  stream.write(flower('1'));
  stream.write({ model_name: 'rose' });
  stream.end();
  await ended;
  await until(() => requestLines(started).length === 3, 'all is logged');
  const [first, second, last] = requestLines(started);
  // The first request may have its response before the second, or not.
  expect([first, second].sort()).toEqual([
    [path, 'NOT_FOUND', undefined],
    [path, 'OK', 'iris'],
  ]);
  expect(last).toEqual([path, 'OK', undefined]);
  expect(new Set(started.logs.map((line) => line['request_id']))).toEqual(new Set(['mine']));
  const total = (model: string, code: string): Promise<number> =>
    count(started, `rhizome_requests_total{protocol="grpc",route="${path}",model="${model}",code="${code}"`);
  expect([await total('iris', 'OK'), await total('', 'NOT_FOUND'), await total('', 'OK')]).toEqual([1, 1, 0]);
  const duration = `rhizome_request_duration_seconds_count{protocol="grpc",route="${path}",model="iris"`;
  expect(await count(started, duration)).toBe(1);
  expect(await inFlight(started)).toBe(0);
});

test('with triton_grpc_error, a request that fails ends the stream with its status', async () => {
  const { stream, responses, ended } = open(await start(), { triton_grpc_error: 'true' });
  stream.write(flower('1'));
  stream.write({ model_name: 'rose' });
  stream.write(flower('3'));
  expect(await ended).toMatchObject({ code: status.NOT_FOUND, details: expect.stringContaining("'rose'") as string });
  expect(responses.map(idOf)).toEqual(['1']);
});

test('a stream without the key is refused, and counted', async () => {
  const started = await start({ apiKey: 'secret' });
  expect(await open(started).ended).toMatchObject({ code: status.UNAUTHENTICATED });
  const labels = `rhizome_requests_total{protocol="grpc",route="${path}",model="",code="UNAUTHENTICATED"`;
  expect(await count(started, labels)).toBe(1);
});

test('a stream ends with the first request after its key was replaced', async () => {
  let apiKey = 'old';
  const { stream, responses, ended } = open(await start({ apiKey: () => apiKey }), { authorization: 'Bearer old' });
  stream.write(flower('1'));
  await until(() => responses.length === 1);
  apiKey = 'new';
  stream.write(flower('2'));
  expect(await ended).toMatchObject({ code: status.UNAUTHENTICATED });
  expect(responses.map(idOf)).toEqual(['1']);
});

test('a message that is too large ends the stream', async () => {
  const { stream, responses, ended } = open(await start());
  stream.write(flower('1'));
  await until(() => responses.length === 1);
  stream.write(Buffer.alloc(100_001));
  expect(await ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
});

/** An engine whose runs end when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  const engine = engineThatRuns(async (feeds) => {
    await new Promise<void>((resolve) => waiting.push(resolve));
    const rows = Object.values(feeds)[0]?.shape[0] ?? 1;
    return {
      output_label: { dtype: 'int64', shape: [rows], data: new BigInt64Array(rows) },
      output_probability: { dtype: 'float32', shape: [rows, 3], data: new Float32Array(3 * rows) },
    };
  });
  const openAll = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  return { engine, waiting, openAll };
}

test('a stream has a few requests in progress; the client waits with others', async () => {
  const { engine, waiting, openAll } = gate();
  const started = await start({ engine });
  const { stream, responses, ended } = open(started);
  const ids = Array.from({ length: 50 }, (_, index) => String(index));
  for (const id of ids) stream.write(flower(id));
  await until(() => waiting.length > 0, 'the model runs');
  await until(async () => (await inFlight(started)) === 16, 'as many as may be are in progress');
  // Another stream and other calls are served meanwhile.
  const other = open(started);
  other.stream.write({ model_name: 'rose' });
  await until(() => other.responses.length === 1);
  other.stream.end();
  expect(await inFlight(started)).toBe(16);
  stream.end();
  await until(() => {
    openAll();
    return responses.length === ids.length;
  });
  expect(await ended).toMatchObject({ code: status.OK });
  expect(responses.map(idOf)).toEqual(ids);
});

test('the requests of a stream share the memory of all, and leave nothing behind', async () => {
  const { engine, waiting, openAll } = gate();
  const started = await start({ engine, environment: { MAX_IN_FLIGHT_BYTES: '1000000' } });
  const longId = 'x'.repeat(90_000);
  for (let round = 0; round < 3; round += 1) {
    const { stream, ended } = open(started);
    // Three quarters of the memory are for large requests: eight of these.
    for (let index = 0; index < 12; index += 1) stream.write(flower(longId));
    await until(() => waiting.length > 0, 'the model runs');
    expect(await ended).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringContaining('MAX_IN_FLIGHT_BYTES') as string,
    });
    await until(async () => {
      openAll();
      return (await inFlight(started)) === 0;
    }, 'nothing is in progress');
  }
  const { stream, responses, ended } = open(started);
  for (let index = 0; index < 8; index += 1) stream.write(flower(longId));
  stream.end();
  await until(() => {
    openAll();
    return responses.length === 8;
  });
  expect(await ended).toMatchObject({ code: status.OK });
});

test('the deadline of the call and a client that cancels end its requests', async () => {
  const { engine, waiting, openAll } = gate();
  const started = await start({ engine });
  const late = open(started, {}, Date.now() + 300);
  late.stream.write(flower('1'));
  expect(await late.ended).toMatchObject({ code: status.DEADLINE_EXCEEDED });
  const { stream, ended } = open(started);
  for (let index = 0; index < 40; index += 1) stream.write(flower(''));
  await until(() => waiting.length > 0, 'the model runs');
  stream.cancel();
  expect(await ended).toMatchObject({ code: status.CANCELLED });
  await until(async () => {
    openAll();
    return (await inFlight(started)) === 0;
  }, 'nothing is in progress');
  // Those that had not begun to run never do.
  const begun = requestLines(started).length;
  expect(begun).toBeLessThanOrEqual(1 + 16 + 2);
});

test('a replica that shuts down answers what it has received, and ends the stream', async () => {
  const { engine, waiting, openAll } = gate();
  const started = await start({ engine });
  const [silent, idle] = [open(started), open(started)];
  idle.stream.write({ model_name: 'rose' });
  const client = started.client();
  const { stream, responses, ended } = open(started, {}, undefined, client);
  const ids = Array.from({ length: 40 }, (_, index) => String(index));
  await Promise.all(ids.map((id) => new Promise((resolve) => stream.write(flower(id), resolve))));
  // The replica has received all of them, since this call follows them on the same connection.
  await client.call('ServerLive');
  await until(() => waiting.length > 0 && idle.responses.length === 1, 'the model runs');
  const drained = drain([started], started.lifecycle, started.config);
  expect(await silent.ended).toMatchObject({ code: status.UNAVAILABLE });
  expect(await idle.ended).toMatchObject({
    code: status.UNAVAILABLE,
    details: expect.stringContaining('shutting') as string,
  });
  let done = false;
  void ended.then(() => (done = true));
  await until(() => {
    openAll();
    return done;
  });
  expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
  expect(responses.map(idOf)).toEqual(ids);
  expect(await drained).toBe(0);
  // Nobody missed a response, so no request counts as failed.
  expect((await started.metrics.scrape()).text).not.toContain('code="UNAVAILABLE"');
});
