/** Requests that do not wait for the responses to those before them, and responses that nobody reads. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Connections, type CloseReason } from '../connections/connections.ts';
import { models } from '../fixtures/app.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

describe('in the service', () => {
  let service: ServiceProcess;
  beforeAll(async () => {
    service = await startService(models);
  });
  afterAll(() => service.stop());

  test('1,300 requests for a large file whose responses nobody reads take no memory, and cost no answer', async () => {
    const path = '/docs/swagger-ui-bundle.js';
    expect((await (await fetch(service.url + path)).arrayBuffer()).byteLength).toBeGreaterThan(1_000_000);
    const resident = (): Promise<number> => metric(service, 'process_resident_memory_bytes');
    const before = await resident();
    const good = new ConnectingClient(service);
    const socket = await opened(service.port);
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(1300));
    await until(async () => {
      expect((await resident()) - before).toBeLessThan(64_000_000);
      return (await metric(service, 'rhizome_connections_closed_total{reason="pipelining"}')) === 1;
    });
    expect(await good.stop()).toEqual([]);
    expect(good.responses).toBeGreaterThan(0);
    socket.destroy();
  });

  test('as many requests as may be in progress are answered, in order', async () => {
    const body = JSON.stringify({ sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2 });
    const socket = await opened(service.port);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ids = Array.from({ length: 32 }, (_, index) => `request-${index}`);
    const head = 'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';
    const length = `Content-Length: ${body.length}\r\n`;
    // As often as is needed to see that places become free again.
    for (let round = 1; round <= 3; round++) {
      socket.write(ids.map((id) => `${head}X-Request-Id: ${id}\r\n${length}\r\n${body}`).join(''));
      await until(() => text.split('"setosa":0.9').length - 1 === 32 * round);
    }
    expect([...text.matchAll(/HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status)).toEqual(new Array(96).fill('200'));
    expect([...text.matchAll(/^X-Request-Id: (.*)\r$/gim)].map(([, id]) => id)).toEqual([...ids, ...ids, ...ids]);
    socket.destroy();
  });
});

test('a response of which nothing is read for a while ends its connection; a slow reader gets all of it', async () => {
  const reasons: CloseReason[] = [];
  const connections = new Connections({ closed: (reason) => reasons.push(reason), sendMs: 2000, sweepMs: 20 });
  const large = Buffer.alloc(32 * 2 ** 20);
  const server = createServer((incoming, outgoing) => {
    if (connections.begin(incoming, outgoing)) outgoing.end(large);
  });
  connections.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const [unread, slow] = [await opened(port), await opened(port)];
  for (const socket of [unread, slow]) {
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  let received = 0;
  const reading = (async () => {
    // The pauses together are longer than the limit, but each of them is shorter.
    for (let next = 0; received < large.length;) {
      const chunk = slow.read() as Buffer | null;
      received += chunk?.length ?? 0;
      if (chunk === null) await once(slow, 'readable');
      else if (received > next) {
        next += 512 * 1024;
        await delay(50);
      }
    }
  })();
  await until(() => reasons.length > 0);
  expect(reasons).toEqual(['unread']);
  await reading;
  expect(received).toBeGreaterThan(large.length);
  expect(reasons).toEqual(['unread']);
  for (const socket of [unread, slow]) socket.destroy();
  server.close();
});

test('if unread responses are too large together, the one that has waited longest ends', async () => {
  const reasons: CloseReason[] = [];
  const large = Buffer.alloc(32 * 2 ** 20);
  // One of them fits.
  const connections = new Connections({
    unreadBytes: 1.5 * large.length,
    closed: (reason) => reasons.push(reason),
    sweepMs: 20,
  });
  const unread: ServerResponse[] = [];
  const server = createServer((incoming, outgoing) => {
    if (!connections.begin(incoming, outgoing)) return;
    outgoing.end(large);
    unread.push(outgoing);
  });
  connections.watch(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const sockets: Socket[] = [];
  for (let count = 1; count <= 2; count++) {
    const socket = await opened(port);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    sockets.push(socket);
    await until(() => unread.length === count, 'the response waits');
  }
  // A response learns a moment later that its connection is closed.
  await until(() => unread.some(({ destroyed }) => destroyed), 'a response ends', 10);
  expect([reasons, unread.map(({ destroyed }) => destroyed)]).toEqual([['unread'], [true, false]]);
  let received = 0;
  sockets[1]?.on('data', (chunk: Buffer) => (received += chunk.length)).resume();
  await until(() => received > large.length, 'the other response arrives', 10);
  expect(reasons).toEqual(['unread']);
  for (const socket of sockets) socket.destroy();
  server.close();
});
