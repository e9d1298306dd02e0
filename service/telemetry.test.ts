/** Traces and the payload log of a real process, with receivers over HTTP. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startReceiver, type TestReceiver } from './exports/fixtures/receiver.ts';
import { flower, models } from './fixtures/app.ts';
import { metric } from './fixtures/metric.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';
import { until } from './fixtures/until.ts';
import { TestClient } from './grpc/fixtures/server.ts';
import { decodeTraces, type ReceivedSpan } from './traces/fixtures/decode-traces.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const caller = 'b7ad6b7169203331';
const traceparent = `00-${traceId}-${caller}-01`;
const tensor = { name: 'X', datatype: 'FP32', shape: [1, 4], data: [5.1, 3.5, 1.4, 0.2] };
const message = {
  model_name: 'iris',
  inputs: [{ name: 'X', datatype: 'FP32', shape: ['1', '4'], contents: { fp32_contents: tensor.data } }],
};

let dir: string;
let receiver: TestReceiver;
let service: ServiceProcess | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-telemetry-'));
  receiver = await startReceiver();
});
afterEach(async () => {
  await service?.stop();
  service = undefined;
  await receiver.close();
  await rm(dir, { recursive: true });
});

async function start(environment: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  return (service = await startService(models, { GRPC_PORT: '0', ...environment }));
}

async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${service?.url ?? ''}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function inferOverGrpc(headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const client = new TestClient(service?.grpcAddress ?? '', undefined, headers);
  try {
    await client.call('ModelInfer', message);
  } finally {
    client.client.close();
  }
}

/** Stops the service, which sends what is left. Returns the spans that were received, by the name of their trace's. */
async function spansAfterStop(): Promise<readonly ReceivedSpan[]> {
  expect(await service?.stop()).toBe(0);
  return receiver.requests.flatMap(({ body }) => decodeTraces(body).spans);
}

test('each request has a span with the attributes of its protocol, and children; probes have none', async () => {
  const { managementUrl } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=flowers',
    OTEL_SERVICE_NAME: 'iris-server',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test%20garden',
    MANAGEMENT_PORT: '0',
  });
  const continued = await post('/models/iris/predictions', flower, { traceparent, tracestate: 'a=b' });
  const begun = await post('/v2/models/iris/infer', { inputs: [tensor] });
  const unknown = await post('/nothing', {}, { 'X-Request-Id': 'mine' });
  await inferOverGrpc({ traceparent });
  await fetch(`${managementUrl}/readyz`);
  await fetch(`${service?.url ?? ''}/v2/health/live`);
  const spans = await spansAfterStop();

  expect(receiver.requests[0]).toMatchObject({
    path: '/v1/traces',
    headers: { 'content-type': 'application/x-protobuf', 'x-tenant': 'flowers' },
  });
  expect(decodeTraces(receiver.requests[0]?.body ?? Buffer.of()).resource).toMatchObject({
    'service.name': 'iris-server',
    'deployment.environment.name': 'test garden',
  });
  const servers = spans.filter(({ kind }) => kind === 2);
  expect(servers.map(({ name }) => name)).toEqual([
    'POST /models/:name/predictions',
    'POST /v2/models/:name/infer',
    'POST',
    'inference.GRPCInferenceService/ModelInfer',
  ]);
  const [predicted, inferred, missing, called] = servers;
  const [{ port }, model] = [
    new URL(service?.url ?? ''),
    { 'rhizome.model.name': 'iris', 'rhizome.model.version': '1', 'rhizome.model.placement': 'event-loop' },
  ];
  expect(predicted).toMatchObject({ traceId, parentId: caller, traceState: 'a=b', failed: false });
  expect(predicted?.attributes).toMatchObject({
    'http.request.method': 'POST',
    'http.route': '/models/:name/predictions',
    'http.response.status_code': '200',
    'url.path': '/models/iris/predictions',
    'server.address': '127.0.0.1',
    'server.port': port,
    ...model,
  });
  expect(called).toMatchObject({ traceId, parentId: caller, failed: false });
  expect(called?.attributes).toMatchObject({
    'rpc.system.name': 'grpc',
    'rpc.method': 'inference.GRPCInferenceService/ModelInfer',
    'rpc.response.status_code': 'OK',
    ...model,
  });
  expect(missing?.attributes).toMatchObject({ 'http.response.status_code': '404', 'rhizome.request_id': 'mine' });
  expect(missing?.attributes).not.toHaveProperty('http.route');

  // A trace that begins here, and its request, have the same id.
  expect([continued.headers.get('X-Request-Id'), begun.headers.get('X-Request-Id')]).toEqual([
    traceId,
    inferred?.traceId,
  ]);
  expect(inferred?.parentId).toBe('');
  expect(unknown.headers.get('X-Request-Id')).toBe('mine');
  for (const server of [predicted, inferred, called]) {
    const children = spans.filter(({ parentId }) => parentId === server?.spanId);
    expect(children.map(({ name }) => name)).toEqual(['decode', 'queue', 'run', 'encode']);
    expect(children[2]?.attributes).toEqual({ 'rhizome.batch.requests': '1', 'rhizome.batch.rows': '1', ...model });
    for (const [index, child] of children.entries()) {
      expect(child.traceId).toBe(server?.traceId);
      expect(child.from).toBeGreaterThanOrEqual(children[index - 1]?.to ?? server?.from ?? 0n);
      expect(child.to).toBeLessThanOrEqual(server?.to ?? 0n);
    }
  }
  expect(spans).toHaveLength(4 + 3 * 4);
}, 60_000);

test('only the requests of the sample are recorded, and those whose caller records them', async () => {
  await start({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/custom`,
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0',
  });
  await post('/models/iris/predictions', flower);
  await post('/models/iris/predictions', flower, { traceparent: traceparent.replace(/1$/, '0') });
  await post('/models/iris/predictions', flower, { traceparent });
  const spans = await spansAfterStop();
  expect(receiver.requests[0]?.path).toBe('/custom');
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]));
  expect(spans.filter(({ kind }) => kind === 2)).toHaveLength(1);
}, 60_000);

test('a receiver that never responds delays neither requests nor the exit; dropped spans are counted', async () => {
  receiver.status = undefined;
  const { url } = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '1',
    OTEL_BSP_MAX_QUEUE_SIZE: '20',
    GRACE_PERIOD_SECONDS: '6',
    REQUEST_TIMEOUT_SECONDS: '1',
  });
  for (let request = 0; request < 8; request++)
    expect((await post('/models/iris/predictions', flower)).status).toBe(200);
  await until(() => receiver.requests.length === 1);
  // Each request has five spans.
  expect(await metric({ url }, 'rhizome_export_dropped_total{signal="spans",reason="queue-full"}')).toBe(20);
  expect(await metric({ url }, 'rhizome_exported_total{signal="spans"}')).toBe(0);
  expect(await service?.stop()).toBe(0);
}, 60_000);

/** Returns the events that were received, once there are so many. */
async function events(count: number): Promise<readonly Readonly<Record<string, unknown>>[]> {
  await until(() => receiver.requests.length >= count, `${count} events`);
  return receiver.requests.map(({ body }) => JSON.parse(body.toString()) as Readonly<Record<string, unknown>>);
}

test('the payload log sends successful requests and their responses as CloudEvents, of all protocols', async () => {
  await writeFile(join(dir, 'headers'), 'authorization=Bearer%20secret\n');
  await start({
    PAYLOAD_LOG: `${receiver.url}/events`,
    PAYLOAD_LOG_SAMPLE: '1',
    PAYLOAD_LOG_HEADERS_FILE: join(dir, 'headers'),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_TRACES_SAMPLER: 'always_on',
    OTEL_SERVICE_NAME: 'iris-server',
  });
  await post('/models/iris/predictions', { sepal_length: 1 });
  const response = await post('/models/iris/predictions', flower, { traceparent, 'X-Request-Id': 'mine' });
  await post('/v2/models/iris/infer', { inputs: [tensor] });
  await inferOverGrpc();
  const [predicted, inferred, called] = await events(3);
  expect(receiver.requests[0]).toMatchObject({
    path: '/events',
    headers: { 'content-type': 'application/cloudevents+json; charset=utf-8', authorization: 'Bearer secret' },
  });
  expect(predicted).toEqual({
    specversion: '1.0',
    id: expect.stringMatching(/^[\da-f-]{36}$/) as string,
    source: '/iris-server',
    type: 'dev.rhizome.prediction.v1',
    subject: 'iris/1',
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    datacontenttype: 'application/json',
    traceparent: expect.stringMatching(new RegExp(`^00-${traceId}-[\\da-f]{16}-01$`)) as string,
    data: {
      request_id: 'mine',
      trace_id: traceId,
      model: 'iris',
      version: '1',
      request: flower,
      response: await response.json(),
    },
  });
  const outputs = [
    { name: 'output_label', datatype: 'INT64', shape: [1], data: [0] },
    { name: 'output_probability', datatype: 'FP32', shape: [1, 3], data: expect.any(Array) as number[] },
  ];
  for (const event of [inferred, called])
    expect(event).toMatchObject({
      data: {
        model: 'iris',
        request: { inputs: [{ ...tensor, data: expect.any(Array) as number[] }] },
        response: { outputs },
      },
    });
}, 60_000);

test('redacted features are in no record: not as a feature, in a warning, or in a tensor', async () => {
  await writeFile(join(dir, 'key'), 'a key of at least sixteen bytes');
  await start({
    PAYLOAD_LOG: receiver.url,
    PAYLOAD_LOG_SAMPLE: '1',
    PAYLOAD_LOG_REDACT: 'petal_width, sepal_width',
    PAYLOAD_LOG_HASH: 'petal_length',
    PAYLOAD_LOG_HASH_KEY_FILE: join(dir, 'key'),
    PAYLOAD_LOG_FORMAT: 'cloudevents-batch',
    PAYLOAD_LOG_MAX_BYTES: '2000',
  });
  const secret = { ...flower, petal_width: 98.25, petal_length: 97.75 };
  await post('/models/iris/predictions', [secret, flower]);
  await post('/v2/models/iris/infer', { inputs: [{ ...tensor, data: [5, 3, 97.75, 98.25] }] });
  await post(
    '/models/iris/predictions',
    Array.from({ length: 100 }, () => secret),
  );
  expect(await service?.stop()).toBe(0);
  expect(receiver.requests[0]?.headers['content-type']).toBe('application/cloudevents-batch+json; charset=utf-8');
  const text = receiver.requests.map(({ body }) => body.toString()).join('\n');
  expect(text).not.toMatch(/98\.25|97\.75|"sepal_width"/);
  const [rows, tensors, large] = receiver.requests.flatMap(
    ({ body }) => JSON.parse(body.toString()) as { readonly data: Record<'request' | 'response', unknown> }[],
  );
  const hash = expect.stringMatching(/^[\da-f]{32}$/) as string;
  expect(rows?.data.request).toEqual([
    { sepal_length: 5.1, petal_length: hash },
    { sepal_length: 5.1, petal_length: hash },
  ]);
  expect(tensors?.data.request).toEqual({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4] }] });
  expect(large?.data.request).toEqual({ omitted: 'too large', bytes: expect.any(Number) as number });
  expect(large?.data.response).toEqual({ omitted: 'too large', bytes: expect.any(Number) as number });
}, 60_000);

test('the name of an input or output keeps out what is behind it; an unknown one causes a warning', async () => {
  const { firstLogs } = await start({
    PAYLOAD_LOG: receiver.url,
    PAYLOAD_LOG_SAMPLE: '1',
    PAYLOAD_LOG_REDACT: 'X, output_label, sepal_widht',
  });
  await post('/models/iris/predictions', { ...flower, petal_width: 98.25 });
  await post('/v2/models/iris/infer', { inputs: [{ ...tensor, data: [5, 3, 1, 98.25] }] });
  await inferOverGrpc();
  const [predicted, ...inferred] = (await events(3)).map(
    ({ data }) => data as Readonly<Record<'request' | 'response', unknown>>,
  );
  const model = { name: 'iris', version: '1' };
  const probabilities = expect.any(Object) as object;
  expect(predicted).toMatchObject({ request: {}, response: { probabilities, model, warnings: [] } });
  expect(Object.keys(predicted?.request as object)).toEqual([]);
  expect(predicted?.response).not.toHaveProperty('prediction');
  for (const { request, response } of inferred) {
    expect(request).toEqual({ inputs: [{ name: 'X', datatype: 'FP32', shape: [1, 4] }] });
    expect(response).toEqual({
      outputs: [
        { name: 'output_label', datatype: 'INT64', shape: [1] },
        expect.objectContaining({ name: 'output_probability', data: expect.any(Array) as number[] }),
      ],
    });
  }
  const warnings = firstLogs.filter(({ msg }) => msg === 'the payload log keeps out names that no model has');
  expect(warnings).toMatchObject([{ level: 'warn', names: ['sepal_widht'] }]);
}, 60_000);
