import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flower, models, start } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { until } from '../fixtures/until.ts';
import { firstDifference } from './first-difference.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Starts a shadow that answers as a test wants. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Returns the counts of copies by result. */
const countsIn = (text: string): Record<string, number> =>
  Object.fromEntries<number>(
    [...text.matchAll(/^rhizome_shadow_requests_total\{model="iris",result="(\w+)"\} (\d+)$/gm)].map(
      ([, result, count]) => [result ?? '', Number(count)],
    ),
  );

describe('between two services', () => {
  let folder: string;
  let shadow: ServiceProcess;
  let service: ServiceProcess;
  beforeAll(async () => {
    // Confuses two of the three classes. Without examples, nothing contradicts it when it starts.
    folder = await mkdtemp(join(tmpdir(), 'rhizome-shadow-'));
    await cp(join(models, 'iris/model.onnx'), join(folder, 'iris/model.onnx'));
    const { examples: _, ...json } = JSON.parse(await readFile(join(models, 'iris/model.json'), 'utf8')) as object & {
      examples: unknown;
    };
    const classes = ['setosa', 'virginica', 'versicolor'];
    await writeFile(join(folder, 'iris/model.json'), JSON.stringify({ ...json, version: '2', classes }));
    shadow = await startService(folder, { API_KEY: 'secret' });
    service = await startService(models, { API_KEY: 'secret', SHADOW_URL: `${shadow.url}/`, SHADOW_SAMPLE: '1' });
  });
  afterAll(async () => {
    await Promise.all([service.stop(), shadow.stop()]);
    await rm(folder, { recursive: true });
  });

  const headers = { 'content-type': 'application/json', authorization: 'Bearer secret' };
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.status).toBe(200);
    return response.json();
  };
  const counts = async () => countsIn(await (await fetch(`${service.url}/metrics`)).text());

  test('copies of predictions and of tensors are compared, and clients get what the service predicts', async () => {
    const virginica = { ...flower, petal_length: 6, petal_width: 2.2 };
    expect(await post('/predictions', flower)).toMatchObject({ prediction: 'setosa' });
    expect(await post('/models/iris/predictions', virginica)).toMatchObject({ prediction: 'virginica' });
    expect(await post('/predictions', [flower, virginica])).toHaveLength(2);
    const tensor = { name: 'X', shape: [1, 4], datatype: 'FP32', data: [5.1, 3.5, 1.4, 0.2] };
    const { inputs } = (await (await fetch(`${service.url}/v2/models/iris`, { headers })).json()) as {
      inputs: { name: string }[];
    };
    await post('/v2/models/iris/infer', { inputs: [{ ...tensor, name: inputs[0]!.name }] });
    await until(async () => Object.values(await counts()).reduce((sum, count) => sum + count, 0) === 4);
    // Tensors have no names of classes. Predictions also have the probabilities of the confused classes.
    expect(await counts()).toEqual({ same: 1, different: 3 });
  });
});

test('a copy has the body, the key and the request id, and a difference is logged without the input', async () => {
  const received: { readonly url: string | undefined; readonly headers: IncomingHttpHeaders; readonly body: string }[] =
    [];
  const url = await listen((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      received.push({ url: incoming.url, headers: incoming.headers, body });
      outgoing.end('{"prediction":"virginica"}');
    });
  });
  const { request, logs } = await start({ shadow: { url, sample: 1, tolerance: 0 } });
  await request('POST', '/predictions', flower, { authorization: 'Bearer key', 'x-request-id': 'a1' });
  await until(() => logs.some(({ msg }) => msg === 'the shadow predicts differently'));
  expect(received).toMatchObject([
    {
      url: '/models/iris/predictions',
      headers: { 'content-type': 'application/json', authorization: 'Bearer key', 'x-request-id': 'a1' },
      body: JSON.stringify(flower),
    },
  ]);
  expect(logs.find(({ msg }) => msg === 'the shadow predicts differently')).toMatchObject({
    model: 'iris',
    request_id: 'a1',
    at: 'prediction',
    service: 'setosa',
    shadow: 'virginica',
  });
});

test('a shadow that hangs delays no response, and what does not fit into the queue is dropped', async () => {
  let held = 0;
  const url = await listen(() => held++);
  const { request, logs, shadow } = await start({ shadow: { url, sample: 1, tolerance: 0 } });
  const responses = await Promise.all(Array.from({ length: 100 }, () => request('POST', '/predictions', flower)));
  expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
  await until(() => held === 4);
  // At most 64 wait or are being sent.
  expect(countsIn(await (await request('GET', '/metrics')).text())).toEqual({ dropped: 36 });
  shadow?.close();
  await until(async () => countsIn(await (await request('GET', '/metrics')).text())['dropped'] === 100);
  await request('POST', '/predictions', flower);
  expect(countsIn(await (await request('GET', '/metrics')).text())).toEqual({ dropped: 101 });
  expect(logs).not.toContainEqual(expect.objectContaining({ msg: 'the shadow does not predict' }));
});

test('a shadow that hangs does not keep the service running after the drain', async () => {
  const held = Promise.withResolvers<unknown>();
  const url = await listen((_, outgoing) => {
    held.resolve(outgoing);
  });
  const timeouts = { REQUEST_TIMEOUT_SECONDS: '600', GRACE_PERIOD_SECONDS: '620' };
  const service = await startService(models, { SHADOW_URL: url, SHADOW_SAMPLE: '1', ...timeouts });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${service.url}/predictions`, { method: 'POST', headers, body: JSON.stringify(flower) });
  await held.promise;
  expect(await service.stop()).toBe(0);
}, 30_000);

test.each([
  ['refuses', false, 'status 503'],
  ['is not there', true, 'ECONNREFUSED'],
])('a shadow that %s is counted and logged, and changes no response', async (_what, isGone, reason) => {
  const url = await listen((_, outgoing) => outgoing.writeHead(503).end('{}'));
  if (isGone) await closers.pop()?.();
  const { request, logs } = await start({ shadow: { url, sample: 1, tolerance: 0 } });
  expect((await request('POST', '/predictions', flower)).status).toBe(200);
  await until(() => logs.some(({ msg }) => msg === 'the shadow does not predict'));
  expect(logs.at(-1)!['reason']).toContain(reason);
  expect(countsIn(await (await request('GET', '/metrics')).text())).toEqual({ failed: 1 });
});

test.each(['200', '503'])('no more of a response with status %s is read than it is compared with', async (status) => {
  const url = await listen((_, outgoing) => {
    // Without an end: only a reader that stops knows what is wrong.
    outgoing.writeHead(Number(status)).write(`{"padding":"${'x'.repeat(70_000)}`);
  });
  const { request, logs } = await start({ shadow: { url, sample: 1, tolerance: 0 } });
  expect((await request('POST', '/predictions', flower)).status).toBe(200);
  await until(() => logs.some(({ msg }) => msg === 'the shadow does not predict'));
  expect(logs.at(-1)!['reason']).toBe(status === '503' ? 'status 503' : 'its response is larger than 65536 bytes');
});

test('requests that fail are not copied, large ones are dropped, and a sample of 0 copies none', async () => {
  let copies = 0;
  const url = await listen((_, outgoing) => {
    copies++;
    outgoing.end('{}');
  });
  const { request } = await start({ shadow: { url, sample: 1, tolerance: 0 }, maxBodyBytes: 1_000_000 });
  expect((await request('POST', '/predictions', { sepal_length: 'x' })).status).toBe(422);
  const many = Array.from({ length: 1000 }, () => flower);
  expect((await request('POST', '/predictions', many)).status).toBe(200);
  expect(countsIn(await (await request('GET', '/metrics')).text())).toEqual({ dropped: 1 });
  const none = await start({ shadow: { url, sample: 0, tolerance: 0 } });
  expect((await none.request('POST', '/predictions', flower)).status).toBe(200);
  expect(countsIn(await (await none.request('GET', '/metrics')).text())).toEqual({});
  expect(copies).toBe(0);
});

test('an image is counted as dropped', async () => {
  const url = await listen((_, outgoing) => outgoing.end('{}'));
  const dir = join(import.meta.dirname, '../fixtures/images');
  const { request } = await start({ dir, shadow: { url, sample: 1, tolerance: 0 } });
  const image = await readFile(join(import.meta.dirname, '../../onnx/decode/image/fixtures/pixel.png'));
  const headers = { 'Content-Type': 'image/png' };
  expect((await request('POST', '/predictions', image, headers)).status).toBe(200);
  expect((await request('POST', '/predictions', image.subarray(0, 40), headers)).status).toBe(422);
  const metrics = await (await request('GET', '/metrics')).text();
  expect(metrics).toContain('rhizome_shadow_requests_total{model="colors",result="dropped"} 1\n');
});

test.each<[unknown, unknown, string | undefined]>([
  [{ prediction: 'a', model: { version: '1' } }, { prediction: 'a', model: { version: '2' } }, undefined],
  [{ prediction: 'a' }, { prediction: 'b' }, 'prediction'],
  [{ prediction: 100 }, { prediction: 100.5 }, undefined],
  [{ prediction: 100 }, { prediction: 102 }, 'prediction'],
  [{ probabilities: { a: 0.5 } }, { probabilities: { a: 0.505 } }, undefined],
  [{ probabilities: { a: 0.5 } }, { probabilities: { a: 0.52 } }, 'probabilities.a'],
  [{ probabilities: { a: 0.5 } }, { probabilities: { a: 0.5, b: 0 } }, 'probabilities.b'],
  [[{ prediction: 1 }, { prediction: 2 }], [{ prediction: 1 }], '1'],
  [{ outputs: [[1, 2]] }, { outputs: [[1, 9]] }, 'outputs.0.1'],
  [{ outputs: [] }, { outputs: {} }, 'outputs'],
  [{ score: 'NaN' }, { score: 'NaN' }, undefined],
  [{ score: null }, { score: 1 }, 'score'],
  [[{ prediction: 1, warnings: [] }], [{ prediction: 1 }], undefined],
  [{ probabilities: { id: 0.5 } }, { probabilities: { id: 0.9 } }, 'probabilities.id'],
  [[{ probabilities: { model: 0.5 } }], [{ probabilities: { model: 0.9 } }], '0.probabilities.model'],
  [{ id: 'a', outputs: { warnings: [1] } }, { id: 'b', outputs: { warnings: [9] } }, 'outputs.warnings.0'],
])('with a tolerance of 1 %%, %j and %j differ at %s', (service, shadow, at) => {
  expect(firstDifference(service, shadow, 0.01)?.at).toBe(at);
});
