/** A request whose token is new may have to wait for the keys, while its body arrives. */
import { once } from 'node:events';
import { createServer, request, type ClientRequest, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { pino } from 'pino';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import type { Dependencies } from '../dependencies.ts';
import { DirectRequest } from '../exchange/body/body-receiver.ts';
import { flower, models } from '../fixtures/app.ts';
import { until } from '../fixtures/until.ts';
import { ModelRepository } from '../inference/repository/repository.ts';
import { Lifecycle } from '../lifecycle/lifecycle.ts';
import { createListener } from '../listener.ts';
import { Metrics } from '../metrics/metrics.ts';
import { audience, issuer, SigningKey } from './fixtures/issuer.ts';
import { KeyServer } from './key-server.ts';
import type { TokenKey } from './key-set.ts';
import { Tokens } from './tokens.ts';

const signing = new SigningKey('1');
const logger = pino({ level: 'silent' });
const fetched = new Map([['1', { id: '1', jwk: signing.jwk as TokenKey['jwk'], text: '', retired: false }]]);

let repository: ModelRepository;
let server: Server | undefined;
beforeAll(async () => {
  repository = new ModelRepository(models);
  await repository.load(onnxruntime, { threads: 1, measure: false });
});
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});
afterAll(() => repository.release());

/** Starts a service whose keys come when the test says so. Returns its port, the metrics, and what lets them come. */
async function start() {
  const keys = Promise.withResolvers<ReadonlyMap<string, TokenKey>>();
  const keyServer = new KeyServer(() => keys.promise, logger);
  const metrics = new Metrics();
  const dependencies: Dependencies = {
    ...{ repository, metrics, logger, lifecycle: new Lifecycle(), apiKey: () => undefined },
    tokens: new Tokens({ issuer, audience, algorithms: ['ES256'], leewaySeconds: 0 }, keyServer),
    options: { strictRanges: false, requestTimeoutSeconds: 30, maxBodyBytes: 1_048_576 },
  };
  server = createServer({ IncomingMessage: DirectRequest }, createListener(dependencies)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const value = async (name: string): Promise<number> =>
    Number(new RegExp(`^${name} (.*)$`, 'm').exec((await metrics.scrape()).text)?.[1] ?? 0);
  return {
    port,
    inFlight: () => value('rhizome_requests_in_flight\\{protocol="http"\\}'),
    cut: () => value('rhizome_requests_total\\{protocol="http",route="/models/:name/predictions".*code="400"\\}'),
    respond: (): void => {
      keys.resolve(fetched);
      keyServer.stop();
    },
  };
}

/** 40 KB, of which most is space: several chunks, but few rows. */
const rows = Array.from({ length: 20 }, () => JSON.stringify(flower));
const body = Buffer.from(`[${rows.join(`,${' '.repeat(2000)}`)}]`);
const half = Math.floor(body.length / 2);

/** Declared and chunked, to Node's server and to Hono. */
const kinds = [
  ['/models/iris/predictions', { 'content-length': String(body.length) }],
  ['/models/iris/predictions', {}],
  ['/models/%69ris/predictions', { 'content-length': String(body.length) }],
  ['/models/%69ris/predictions', {}],
] as const;

test.each([
  ['before the keys', body.length],
  ['before and after the keys', half],
  ['after the keys', 0],
])('a body that arrives %s is complete', async (_, first) => {
  const { port, inFlight, respond } = await start();
  const sent = kinds.map(([path, headers]): ClientRequest => {
    const authorization = `Bearer ${signing.token()}`;
    const sending = request({
      ...{ port, host: '127.0.0.1', method: 'POST', path, agent: false, signal: AbortSignal.timeout(30_000) },
      headers: { 'content-type': 'application/json', authorization, ...headers },
    });
    sending.flushHeaders();
    if (first > 0) sending.write(body.subarray(0, first));
    if (first === body.length) sending.end();
    return sending;
  });
  const responses = sent.map(async (sending) => {
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    return [response.statusCode, ((await json(response)) as readonly unknown[]).length];
  });
  await until(async () => (await inFlight()) === kinds.length, 'all requests wait');
  respond();
  for (const sending of sent) if (first < body.length) sending.end(body.subarray(first));
  expect(await Promise.all(responses)).toEqual(kinds.map(() => [200, rows.length]));
});

test('a client that leaves while its token is verified leaves nothing behind', async () => {
  const { port, inFlight, cut, respond } = await start();
  const socket = connect(port, '127.0.0.1');
  socket.write(
    `POST /models/iris/predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n` +
      `Authorization: Bearer ${signing.token()}\r\nContent-Length: 100\r\n\r\n{`,
  );
  await until(async () => (await inFlight()) === 1, 'the request waits');
  socket.destroy();
  await until(() => promiseOfConnections().then((count) => count === 0), 'the connection is gone');
  respond();
  await until(async () => (await inFlight()) === 0, 'nothing is in progress');
  expect(await cut()).toBe(1);
});

const promiseOfConnections = (): Promise<number> =>
  new Promise((resolve, reject) => {
    server?.getConnections((error, count) => {
      if (error) reject(error);
      else resolve(count);
    });
  });
