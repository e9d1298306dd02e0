/** Bodies that begin, and then do not go on. */
import { once } from 'node:events';
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { status as grpcStatus } from '@grpc/grpc-js';
import { models } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { TestClient } from '../grpc/fixtures/server.ts';
import { MOST_STREAMS } from '../grpc/http2/server.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

const COUNT = 300;
/** As many of these as fit into three quarters of MAX_IN_FLIGHT_BYTES leave no room for another large request. */
const BYTES = 1_006_000;
/** MAX_IN_FLIGHT_BYTES, and what is not collected yet. All bodies together have more. */
const MOST_BYTES = 230_000_000;

const PROGRESS = 'the good clients get responses';
/** On a busy machine, 300 MB take their time. */
const PATIENCE_SECONDS = 120;

let service: ServiceProcess;
beforeEach(async () => {
  // On a busy machine, the time for a request must not end what the test waits for.
  service = await startService(models, {
    GRPC_PORT: '0',
    REQUEST_TIMEOUT_SECONDS: '120',
    GRACE_PERIOD_SECONDS: '180',
  });
});
afterEach(() => service.stop());

const head = (path: string, length: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;

/** Opens a connection, and sends all but the end of a request. */
async function begin(start: string, body: Buffer): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await once(socket, 'connect');
  socket.write(start);
  socket.write(body);
  return socket;
}

const space = Buffer.alloc(BYTES - 1000, ' ');
const chunk = Buffer.concat([Buffer.from(`${space.length.toString(16)}\r\n`), space, Buffer.from('\r\n')]);

test.each([
  ['with a declared length', head('/predictions', `Content-Length: ${BYTES}`), space, ['memory', 'slow']],
  ['in chunks', head('/predictions', 'Transfer-Encoding: chunked'), chunk, ['memory']],
  ['in chunks, to a path with escapes', head('/models/%69ris/predictions', 'Transfer-Encoding: chunked'), chunk, []],
])('bodies %s that stop have bounded memory, and keep no one else out', async (_, start, body, reasons) => {
  const resident = (): Promise<number> => metric(service, 'process_resident_memory_bytes');
  // Loads what the first requests of each kind load.
  await fetch(`${service.url}/models/%69ris/predictions`, { method: 'POST' });
  const before = await resident();
  const good = [new ConnectingClient(service), new ConnectingClient(service, 2500)];
  const slow = await Promise.all(Array.from({ length: COUNT }, () => begin(start, body)));
  const [small, large] = good as [ConnectingClient, ConnectingClient];
  const seen = large.responses;
  await until(
    async () => {
      expect((await resident()) - before).toBeLessThan(MOST_BYTES);
      return large.responses > seen + 4 && small.responses > 10;
    },
    PROGRESS,
    PATIENCE_SECONDS,
  );
  expect(await small.stop()).toEqual([]);
  expect(await large.stop()).toEqual([]);
  expect(small.retries).toBe(0);
  for (const reason of reasons)
    expect(await metric(service, `rhizome_requests_refused_total{model="iris",reason="${reason}"}`)).toBeGreaterThan(0);
  for (const socket of slow) socket.destroy();
});

/** Calls whose requests do not end. */
class SlowCalls {
  /** The statuses of those that have ended. */
  readonly statuses: number[] = [];
  readonly #sessions: ClientHttp2Session[] = [];

  constructor(count: number) {
    // The prefix says one byte more.
    const message = Buffer.alloc(BYTES);
    message.writeUInt32BE(BYTES - 4, 1);
    for (let started = 0; started < count; started++) {
      if (started % MOST_STREAMS === 0)
        this.#sessions.push(
          connectHttp2(`http://${service.grpcAddress}`, { maxSessionMemory: Number.MAX_SAFE_INTEGER }).on(
            'error',
            () => undefined,
          ),
        );
      const path = '/inference.GRPCInferenceService/ModelInfer';
      const headers = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc' };
      const stream = this.#sessions.at(-1)?.request(headers, { endStream: false });
      stream?.on('response', (response) => this.statuses.push(Number(response['grpc-status'])));
      stream?.on('error', () => undefined).write(message);
    }
  }

  end(): void {
    for (const session of this.#sessions) session.destroy();
  }
}

test('messages of 600 gRPC calls that stop have bounded memory, and keep no one else out', async () => {
  const resident = (): Promise<number> => metric(service, 'process_resident_memory_bytes');
  const before = await resident();
  const [small, large] = [new ConnectingClient(service), new ConnectingClient(service, 2500)];
  const slow = new SlowCalls(600);
  const seen = large.responses;
  await until(
    async () => {
      expect((await resident()) - before).toBeLessThan(MOST_BYTES);
      return slow.statuses.length >= 540 && large.responses > seen + 4 && small.responses > 10;
    },
    PROGRESS,
    PATIENCE_SECONDS,
  );
  expect(new Set(slow.statuses)).toEqual(new Set([grpcStatus.RESOURCE_EXHAUSTED]));
  expect(await small.stop()).toEqual([]);
  expect(await large.stop()).toEqual([]);
  expect(small.retries).toBe(0);
  slow.end();
});

test('HTTP and gRPC share the memory: what waits longest for its client gives way to the other', async () => {
  const count = Math.floor((48 * 2 ** 20) / BYTES);
  let closed = 0;
  const bodies = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = await begin(head('/predictions', `Content-Length: ${BYTES}`), space);
      return socket.on('close', () => closed++);
    }),
  );
  await until(async () => (await metric(service, 'rhizome_requests_in_flight{protocol="http"}')) > count);
  const client = new TestClient(service.grpcAddress);
  const rows = 10_000;
  const request = {
    model_name: 'iris',
    inputs: [{ name: 'X', datatype: 'FP32', shape: [String(rows), '4'] }],
    raw_input_contents: [Buffer.alloc(rows * 16)],
  };
  await until(
    () =>
      client.call('ModelInfer', request).then(
        () => true,
        () => false,
      ),
    'the call is served',
    10,
  );
  client.close();
  await until(() => closed > 0, 'a body gives way', 10);
  for (const socket of bodies) socket.destroy();

  const calls = new SlowCalls(count);
  const good = new ConnectingClient(service, 12_000);
  await until(() => calls.statuses.length > 0 && good.responses > 0, 'a call gives way', 10);
  expect(calls.statuses).toContain(grpcStatus.RESOURCE_EXHAUSTED);
  expect(await good.stop()).toEqual([]);
  calls.end();
});
