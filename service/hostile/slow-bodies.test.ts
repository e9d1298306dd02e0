/** Bodies that begin, and then do not go on. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { models } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

const COUNT = 300;
/** As many of these as fit into three quarters of MAX_IN_FLIGHT_BYTES leave no room for another large request. */
const BYTES = 1_006_000;

let service: ServiceProcess;
beforeEach(async () => {
  service = await startService(models);
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
  await until(async () => {
    expect((await resident()) - before).toBeLessThan(190_000_000);
    return large.responses > seen + 4 && small.responses > 10;
  });
  expect(await small.stop()).toEqual([]);
  expect(await large.stop()).toEqual([]);
  expect(small.retries).toBe(0);
  for (const reason of reasons)
    expect(await metric(service, `rhizome_requests_refused_total{model="iris",reason="${reason}"}`)).toBeGreaterThan(0);
  for (const socket of slow) socket.destroy();
});
