/**
 * Sends the same requests to Hono and to Node's own server: both carry the same exchange, so the responses are equal.
 */
import { once } from 'node:events';
import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { deflateSync, gunzipSync, gzipSync, inflateSync } from 'node:zlib';
import { getRequestListener } from '@hono/node-server';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { trainedModels, trainingLibrariesFolder } from '../../fixtures/training-libraries/recorded-models.ts';
import type { DescribedModel } from '../../fixtures/training-libraries/row-predictions.ts';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { createApp } from '../app.ts';
import type { Dependencies } from '../dependencies.ts';
import { DirectRequest } from './body/body-receiver.ts';
import { createListener } from '../listener.ts';
import type { ModelDescription } from '../contract/index.ts';
import { badNamed } from '../fixtures/bad-named.ts';
import { Chance, type Target } from '../fixtures/bad-input.ts';
import { badBinary, badTensors } from '../fixtures/bad-tensors.ts';
import { datatypes } from '../fixtures/oip.ts';
import { ModelRepository } from '../inference/repository/repository.ts';
import { Lifecycle } from '../lifecycle/lifecycle.ts';
import { Metrics } from '../metrics/metrics.ts';
import { until } from '../fixtures/until.ts';

const names = ['column-transformer', 'every-dtype', 'logistic-regression', 'torch-tokens', 'scalars', 'joined-text'];

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Received {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

class Carrier {
  readonly metrics = new Metrics();
  readonly lifecycle = new Lifecycle();
  readonly logs: Record<string, unknown>[] = [];
  readonly #server: Server;
  key: string | undefined;

  constructor(
    repository: ModelRepository,
    listener: (dependencies: Dependencies) => RequestListener,
    options: ServerOptions = {},
  ) {
    const dependencies: Dependencies = {
      repository,
      lifecycle: this.lifecycle,
      metrics: this.metrics,
      logger: pino(
        { level: 'info' },
        { write: (line: string) => this.logs.push(JSON.parse(line) as Record<string, unknown>) },
      ),
      apiKey: () => this.key,
      options: { strictRanges: false, requestTimeoutSeconds: 10, maxBodyBytes: 1_048_576 },
    };
    this.#server = createServer(options, listener(dependencies));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async send({ method = 'POST', path, headers = {}, body = '' }: Sent): Promise<Received> {
    const sending = request({ port: this.port, host: '127.0.0.1', method, path, headers });
    sending.end(body);
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const { date, 'x-request-id': id, ...rest } = response.headers;
    expect([typeof date, typeof id]).toEqual(['string', 'string']);
    // Whether the body was declared or chunked is up to the carrier.
    const { 'content-length': length, 'transfer-encoding': encoding, ...shared } = rest;
    expect(length !== undefined || encoding !== undefined).toBe(true);
    return { status: response.statusCode, headers: shared, body: Buffer.concat(chunks).toString('latin1') };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A megabyte that decompresses to a gigabyte: gzip may have several parts. */
const bomb = Buffer.concat(new Array<Buffer>(64).fill(gzipSync(Buffer.alloc(2 ** 24))));
let repository: ModelRepository;
let node: Carrier;
let hono: Carrier;
/** As `node`, in a server that was not made for it. */
let ordinary: Carrier;
/** A model with a row that it accepts. */
type Served = Target & { readonly row: unknown; readonly version: string };
let targets: Served[];
beforeAll(async () => {
  repository = new ModelRepository(trainingLibrariesFolder, 'column-transformer');
  await repository.load(onnxruntime, { threads: 1 });
  node = new Carrier(repository, createListener, { IncomingMessage: DirectRequest });
  ordinary = new Carrier(repository, createListener);
  hono = new Carrier(repository, (dependencies) => {
    const handle = getRequestListener(createApp(dependencies).fetch, { autoCleanupIncoming: false });
    return (incoming, outgoing) => void handle(incoming, outgoing);
  });
  await Promise.all([node.listen(), ordinary.listen(), hono.listen()]);
  targets = await Promise.all(
    trainedModels()
      .filter(({ name }) => names.includes(name))
      .map(async (model): Promise<Served> => {
        const { body } = await hono.send({ method: 'GET', path: `/models/${model.name}` });
        const described = JSON.parse(Buffer.from(body, 'latin1').toString()) as DescribedModel & ModelDescription;
        return {
          ...model,
          described,
          isDefault: model.name === 'column-transformer',
          row: described.example?.input,
          version: described.version,
        };
      }),
  );
});
afterAll(async () => {
  node.close();
  ordinary.close();
  hono.close();
  await repository.release();
});

const both = (sent: Sent): Promise<[Received, Received]> => Promise.all([node.send(sent), hono.send(sent)]);

test('invalid requests get the same response', async () => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), fc.nat(5), async (draw, index) => {
      const chance = new Chance(draw);
      const bad = chance.pick([badNamed, badTensors, badBinary])(chance, targets[index] as Target);
      const [first, second] = await both({ headers: { 'Content-Type': 'application/json' }, ...bad });
      expect(first).toEqual(second);
      expect(first.status).toBe(bad.status);
    }),
    { numRuns: 2000, includeErrorInReport: true },
  );
});

const json = { 'Content-Type': 'application/json' };
const iris = JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });

test('valid requests get the same response, by name, by version and with any media type of JSON', async () => {
  for (const { name, version, row } of targets) {
    for (const path of [`/models/${name}/predictions`, `/models/${name}/versions/${version}/predictions`])
      for (const headers of [json, { 'Content-Type': 'application/geo+json; charset=utf-8' }])
        for (const body of [row, [row, row]]) {
          const [first, second] = await both({ path, headers, body: JSON.stringify(body) });
          expect(first).toEqual(second);
          expect(first.status).toBe(200);
          expect(await ordinary.send({ path, headers, body: JSON.stringify(body) })).toEqual(first);
        }
  }
});

test('bodies in chunks get the same response', async () => {
  const { name, row } = targets.find((target) => target.name === 'logistic-regression') as Served;
  const chunked = { path: `/models/${name}/predictions`, headers: { ...json, 'Transfer-Encoding': 'chunked' } };
  for (const rows of [1, 2000]) {
    const sent = { ...chunked, body: JSON.stringify(new Array(rows).fill(row)) };
    const [first, second] = await both(sent);
    expect(first).toEqual(second);
    expect([rows, first.status]).toEqual([rows, 200]);
    expect(await ordinary.send(sent)).toEqual(first);
  }
});

/** The path and the headers of a request with rows of logistic-regression. */
const rowsOf = { path: '/models/logistic-regression/predictions', headers: json };
const manyRows = (count: number): string =>
  JSON.stringify(new Array(count).fill(targets.find(({ name }) => name === 'logistic-regression')?.row));

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
] as const)('bodies with the Content-Encoding %s get the same response as without', async (encoding, compress) => {
  for (const count of [1, 2000]) {
    const [plain] = await both({ ...rowsOf, body: manyRows(count) });
    expect(plain.status).toBe(200);
    for (const extra of [{}, { 'Transfer-Encoding': 'chunked' }]) {
      const headers = { ...json, 'Content-Encoding': encoding, ...extra };
      const sent = { ...rowsOf, headers, body: compress(manyRows(count)) };
      for (const carrier of [node, ordinary, hono]) expect(await carrier.send(sent)).toEqual(plain);
    }
  }
});

test('binary tensors may be compressed, in requests and in responses', async () => {
  const shape = [2000];
  const bytes = Buffer.from(Float64Array.from({ length: 2000 }, (_, index) => index).buffer);
  const names = Object.keys(datatypes) as (keyof typeof datatypes)[];
  const inputs = names.map((name) => {
    const size = name === 'float64' ? bytes.length : 2000 * (name === 'bool' ? 1 : Number(/\d+/.exec(name) ?? 32) / 8);
    return { name, datatype: datatypes[name], shape, parameters: { binary_data_size: size } };
  });
  const head = JSON.stringify({ inputs, outputs: [{ name: 'same_float64', parameters: { binary_data: true } }] });
  const body = Buffer.concat([
    Buffer.from(head),
    ...inputs.map(({ name, parameters }) => (name === 'float64' ? bytes : Buffer.alloc(parameters.binary_data_size))),
  ]);
  const sent = {
    path: '/v2/models/every-dtype/infer',
    headers: {
      'Content-Type': 'application/octet-stream',
      'Inference-Header-Content-Length': String(head.length),
      'Content-Encoding': 'gzip',
      'Accept-Encoding': 'deflate',
    },
    body: gzipSync(body),
  };
  const [first, second] = await both(sent);
  expect(first).toEqual(second);
  expect(first).toMatchObject({ status: 200, headers: { 'content-encoding': 'deflate', vary: 'Accept-Encoding' } });
  const received = inflateSync(Buffer.from(first.body, 'latin1'));
  const length = Number(first.headers['inference-header-content-length']);
  expect(received.subarray(length).equals(bytes)).toBe(true);
  expect(JSON.parse(received.subarray(0, length).toString())).toMatchObject({ outputs: [{ shape: [2000] }] });
});

test.each<[string, string, () => Buffer, number, string]>([
  ['truncated', 'gzip', () => gzipSync(iris).subarray(0, -2), 400, 'not valid gzip: unexpected end of file'],
  ['empty', 'deflate', () => Buffer.of(), 400, 'not valid deflate: unexpected end of file'],
  ['not compressed', 'gzip', () => Buffer.from(iris), 400, 'not valid gzip: incorrect header check'],
  [
    'followed by others',
    'deflate',
    () => Buffer.concat([deflateSync(iris), deflateSync(iris)]),
    400,
    'more bytes follow',
  ],
  ['larger than the limit', 'gzip', () => gzipSync(Buffer.alloc(1_048_577, ' ')), 413, 'larger than 1048576 bytes'],
  ['much larger than the limit', 'gzip', () => bomb, 413, 'larger than 1048576 bytes'],
  ['in another encoding', 'br', () => Buffer.from(iris), 415, "The Content-Encoding is 'br'. Compress the body once"],
  ['compressed twice', 'gzip, deflate', () => deflateSync(gzipSync(iris)), 415, 'Compress the body once'],
])('a compressed body that is %s is refused', async (_, encoding, body, status, detail) => {
  const headers = { ...json, 'Content-Encoding': encoding };
  for (const extra of [{}, { 'Transfer-Encoding': 'chunked' }]) {
    const sent = { path: '/predictions', headers: { ...headers, ...extra }, body: body() };
    const [first, second] = await both(sent);
    expect(first).toEqual(second);
    expect(first).toMatchObject({ status, body: expect.stringContaining(detail) as string });
    expect(first.headers['accept-encoding']).toBe(status === 415 ? 'gzip, deflate' : undefined);
    expect(await ordinary.send(sent)).toEqual(first);
  }
  for (const { metrics } of [node, ordinary, hono])
    await until(async () => (await metrics.scrape()).text.includes('in_flight{protocol="http"} 0'));
});

test.each<[string | undefined, string | undefined]>([
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['gzip, deflate, br', 'gzip'],
  ['gzip;q=0.5, deflate;q=0.8', 'deflate'],
  ['*', 'gzip'],
  ['br', undefined],
  ['gzip;q=0', undefined],
  ['identity, gzip;q=0.5', undefined],
  ['', undefined],
  [undefined, undefined],
])('a large response to Accept-Encoding: %s is compressed with %s', async (accepted, encoding) => {
  const headers = { ...json, ...(accepted !== undefined && { 'Accept-Encoding': accepted }) };
  const [plain] = await both({ ...rowsOf, body: manyRows(100) });
  const [first, second] = await both({ ...rowsOf, headers, body: manyRows(100) });
  expect(first).toEqual(second);
  expect(first.headers).toMatchObject({ vary: 'Accept-Encoding' });
  expect(first.headers['content-encoding']).toBe(encoding);
  const bytes = Buffer.from(first.body, 'latin1');
  const text = encoding === undefined ? bytes : encoding === 'gzip' ? gunzipSync(bytes) : inflateSync(bytes);
  expect(text.toString('latin1')).toBe(plain.body);
  // What is small is sent as it is.
  for (const carrier of [node, hono]) {
    const small = await carrier.send({ ...rowsOf, headers, body: manyRows(1) });
    expect([small.status, small.headers['content-encoding'], small.headers['vary']]).toEqual([
      200,
      undefined,
      undefined,
    ]);
  }
});

test('a compressed body whose client leaves is logged, counted, and leaves nothing in progress', async () => {
  const bytes = gzipSync(manyRows(2000));
  for (const carrier of [node, ordinary, hono]) {
    const before = carrier.logs.length;
    const socket = connect(carrier.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n' +
        `Content-Length: ${bytes.length}\r\n\r\n`,
    );
    socket.write(bytes.subarray(0, -9));
    await until(async () => (await carrier.metrics.scrape()).text.includes('in_flight{protocol="http"} 1'));
    socket.destroy();
    await until(() => carrier.logs.length > before);
    expect((await carrier.metrics.scrape()).text).toContain('in_flight{protocol="http"} 0');
  }
});

test.each<[string, Sent, number]>([
  ['an API key that is missing', { path: '/models/logistic-regression/predictions', headers: json, body: iris }, 401],
  ['a key that is wrong', { path: '/predictions', headers: { ...json, authorization: 'Bearer x' }, body: iris }, 401],
])('%s gets the same refusal', async (_, sent, status) => {
  node.key = hono.key = 'secret';
  try {
    const [first, second] = await both(sent);
    expect(first).toEqual(second);
    expect(first.status).toBe(status);
  } finally {
    node.key = hono.key = undefined;
  }
});

test.each<[string, Record<string, string>, number]>([
  ['not a number', { 'X-Request-Timeout-Ms': 'soon' }, 422],
  ['0', { 'X-Request-Timeout-Ms': '0' }, 422],
  ['long', { 'X-Request-Timeout-Ms': '600000' }, 200],
])('a timeout of the client that is %s', async (_, headers, status) => {
  const [first, second] = await both({
    path: '/models/logistic-regression/predictions',
    headers: { ...json, ...headers },
    body: JSON.stringify(targets.find(({ name }) => name === 'logistic-regression')?.row),
  });
  expect(first).toEqual(second);
  expect(first.status).toBe(status);
});

test('both log and count the same requests', async () => {
  const seen = async ({ logs, metrics }: Carrier) => [
    logs
      .map(({ method, path, status, model }) => ({ method, path, status, model }))
      .filter(({ method }) => method === 'POST'),
    (await metrics.scrape()).text
      .split('\n')
      .filter((line) => line.startsWith('rhizome_requests_total') && !line.includes('route="/models/:name"')),
  ];
  const byPath = (all: Awaited<ReturnType<typeof seen>>) =>
    all.map((list) => list.map((each) => JSON.stringify(each)).sort());
  expect(byPath(await seen(node))).toEqual(byPath(await seen(hono)));
  const total = (await node.metrics.scrape()).text
    .split('\n')
    .filter((line) => line.startsWith('rhizome_requests_total'))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  expect(total).toBe(node.logs.length);
  expect((await node.metrics.scrape()).text).toContain('rhizome_requests_in_flight{protocol="http"} 0');
});

test('a body in chunks that is too large is refused while it arrives', async () => {
  const headers = { ...json, 'Transfer-Encoding': 'chunked' };
  for (const carrier of [node, ordinary]) {
    const { status, body } = await carrier.send({ path: '/predictions', headers, body: Buffer.alloc(3_000_000, ' ') });
    expect([status, body]).toEqual([413, expect.stringContaining('MAX_BODY_BYTES')]);
    expect((await carrier.metrics.scrape()).text).toContain('in_flight{protocol="http"} 0');
  }
});

test('a client that leaves in the middle of its body is logged, counted, and leaves nothing in progress', async () => {
  for (const carrier of [node, ordinary, hono]) {
    const before = carrier.logs.length;
    const socket = connect(carrier.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90000\r\n\r\n{',
    );
    await until(async () => (await carrier.metrics.scrape()).text.includes('in_flight{protocol="http"} 1'));
    socket.destroy();
    await until(() => carrier.logs.length > before);
    expect((await carrier.metrics.scrape()).text).toContain('in_flight{protocol="http"} 0');
  }
});

test('a client that asks to close the connection can send its whole body before a refusal ends it', async () => {
  const socket = connect({ port: node.port, host: '127.0.0.1', allowHalfOpen: true });
  let [received, failure] = ['', undefined as Error | undefined];
  socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('error', (error) => (failure = error));
  const ended = once(socket, 'end').catch(() => undefined);
  socket.write(
    'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 90000\r\n' +
      'Connection: close\r\n\r\n',
  );
  for (let part = 0; part < 9; part++) {
    await delay(30);
    socket.write(Buffer.alloc(10_000));
  }
  await ended;
  socket.destroy();
  expect(failure).toBeUndefined();
  expect(received).toMatch(/^HTTP\/1\.1 415 [^]*connection: close[^]*unsupported-media-type/i);
});

test('after a refusal, the connection serves the next request, even if the rest of the body is slow', async () => {
  const escaped = '/models/%63olumn-transformer/predictions';
  const all = [node, ordinary, hono].flatMap((carrier) =>
    ['/predictions', escaped, '/none'].map((path) => ({ carrier, path })),
  );
  const received = all.map(async ({ carrier, path }) => {
    const socket = connect(carrier.port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString())).on('error', (error) => (text += error.message));
    const space = Buffer.alloc(1_500_000, ' ');
    socket.write(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`);
    socket.write(`Transfer-Encoding: chunked\r\n\r\n${space.length.toString(16)}\r\n`);
    socket.write(space);
    await until(() => text !== '', 'the refusal arrives', 10);
    await delay(700);
    socket.write('\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
    return [carrier, path, text.match(/HTTP\/1\.1 \d+/g)];
  });
  expect(await Promise.all(received)).toEqual(
    all.map(({ carrier, path }) => [carrier, path, [`HTTP/1.1 ${path === '/none' ? 404 : 413}`, 'HTTP/1.1 200']]),
  );
});

test.each(['GET', 'POST'])('%s of a probe gets the same response', async (method) => {
  for (const path of ['/livez', '/readyz', '/readyz?x', '/readyz/']) {
    const [first, second] = await both({ method, path });
    expect(first).toEqual(second);
    expect([path, first.status]).toEqual([path, path.endsWith('/') ? 404 : method === 'POST' ? 405 : 200]);
  }
});

test('large binary tensors come back as they were sent, with many at once, and to slow clients too', async () => {
  const rows = 18_000;
  const size = (dtype: string): number => rows * (dtype === 'bool' ? 1 : Number(/\d+/.exec(dtype) ?? 32) / 8);
  const dtypes = Object.keys(datatypes) as (keyof typeof datatypes)[];
  const inputs = dtypes.map((name) => ({
    name,
    datatype: datatypes[name],
    shape: [rows],
    parameters: { binary_data_size: size(name) },
  }));
  const outputs = dtypes.map((name) => ({ name: `same_${name}`, parameters: { binary_data: true } }));
  const head = JSON.stringify({ inputs, outputs });
  // Texts are empty, as their length is zero.
  const tensors = (seed: number): Buffer =>
    Buffer.concat(
      dtypes.map((dtype) =>
        Buffer.alloc(size(dtype), dtype === 'bool' ? seed % 2 : dtype === 'string' ? 0 : `${dtype} ${seed}`),
      ),
    );
  const roundTrip = async (seed: number): Promise<Buffer> => {
    const sending = request({
      port: node.port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v2/models/every-dtype/infer',
      headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': head.length },
    });
    const body = Buffer.concat([Buffer.from(head), tensors(seed)]);
    sending.setHeader('Content-Length', body.length);
    sending.end(body);
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
      if (seed % 3 === 0) await delay(1);
    }
    const content = Buffer.concat(chunks);
    if (response.statusCode === 503) {
      // The queue is full. Twelve clients that send a megabyte again at once would leave no time for the model.
      await delay(300);
      return roundTrip(seed);
    }
    expect([seed, response.statusCode === 200 ? 200 : content.toString()]).toEqual([seed, 200]);
    return content.subarray(Number(response.headers['inference-header-content-length']));
  };
  const seeds = Array.from({ length: 12 }, (_, index) => index);
  const received = await Promise.all(seeds.map(roundTrip));
  for (const seed of seeds) expect([seed, received[seed]?.equals(tensors(seed))]).toEqual([seed, true]);
});

test('after SIGTERM, both close connections; after the grace period, both refuse', async () => {
  const body = JSON.stringify(targets.find(({ isDefault }) => isDefault)?.row);
  for (const [phase, status] of [
    ['draining', 200],
    ['closing', 200],
    ['closed', 503],
  ] as const) {
    for (const { lifecycle } of [node, hono]) lifecycle.advance(phase);
    const [first, second] = await both({ path: '/predictions', headers: json, body });
    expect(first).toEqual(second);
    expect([first.status, first.headers['connection']]).toEqual([status, 'close']);
    const [live, sameLive] = await both({ method: 'GET', path: '/livez' });
    expect(live).toEqual(sameLive);
    expect([live.status, live.headers['connection']]).toEqual([status, 'close']);
  }
});
