/**
 * Connections that occupy places: silent ones, idle ones, and ones whose requests never end. Probes and scrapes have a
 * port of their own, and notice nothing of them.
 */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { models } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

const MOST = 50;
let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(models, { MAX_CONNECTIONS: String(MOST), MANAGEMENT_PORT: '0' });
});
afterAll(() => service.stop());

const request = 'GET /v2/health/live HTTP/1.1\r\nHost: a\r\n\r\n';

const metricOf = (name: string): Promise<number> => metric({ url: service.managementUrl }, name);

/** Opens a connection, and sends a text. Resolves when the response has arrived, or if none is to arrive. */
async function open(text: string, responds = false): Promise<Socket> {
  const socket = connect(service.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(text);
  if (responds) await once(socket, 'data');
  else socket.resume();
  return socket;
}

test('connections that are silent or idle make room for new ones, the longest idle first', async () => {
  const good = new ConnectingClient(service);
  const kept = await open(request, true);
  let cut = false;
  kept.on('close', () => (cut = true));
  const sockets: Socket[] = [];
  for (let round = 0; round < 20; round++) {
    // Fewer than there are places, so that the connection that is kept has not been idle longest.
    sockets.push(...(await Promise.all(Array.from({ length: 20 }, () => open('')))));
    sockets.push(...(await Promise.all(Array.from({ length: 10 }, () => open(request, true)))));
    const response = once(kept, 'data');
    kept.write(request);
    expect(String((await response)[0])).toMatch(/^HTTP\/1\.1 200/);
  }
  expect(await good.stop()).toEqual([]);
  expect(good.responses).toBeGreaterThan(2);
  expect(cut).toBe(false);
  expect(await metricOf('rhizome_connections_closed_total{reason="idle"}')).toBeGreaterThan(20 * 30 - MOST - 20);
  await until(() => sockets.filter(({ destroyed }) => !destroyed).length <= MOST);
  for (const socket of [...sockets, kept]) socket.destroy();
});

test('requests that do not go on make room, too, after a while', async () => {
  const head =
    'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
  const slow = await Promise.all(Array.from({ length: MOST }, () => open(`${head}[`)));
  // Until then, further connections are closed, but probes and scrapes are served.
  const probed: number[] = [];
  await until(async () => {
    // One more each time, because the last connections of the other test may have ended only now.
    slow.push(await open(`${head}[`));
    for (const path of ['/livez', '/readyz']) probed.push((await fetch(service.managementUrl + path)).status);
    return (await metricOf('rhizome_connections_closed_total{reason="slow"}')) > 0;
  });
  expect(probed.length).toBeGreaterThan(2);
  expect(probed.filter((status) => status !== 200)).toEqual([]);
  const good = new ConnectingClient(service);
  await until(() => good.responses > 4);
  expect(await good.stop()).toEqual([]);
  for (const socket of slow) socket.destroy();
});

test('the management port bounds its own connections, and serves new clients when they are all occupied', async () => {
  const port = Number(new URL(service.managementUrl).port);
  const sockets: Socket[] = [];
  const opened: Promise<unknown>[] = [];
  for (let index = 0; index < 500; index++) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    sockets.push(socket.resume());
    opened.push(once(socket, 'connect'));
  }
  await Promise.all(opened);
  // A connection that an earlier request left open may be one of those that were closed.
  const probe = get(`${service.managementUrl}/readyz`, { agent: false, signal: AbortSignal.timeout(10_000) });
  const [response] = (await once(probe, 'response')) as [IncomingMessage];
  expect(response.resume().statusCode).toBe(200);
  await until(() => sockets.filter(({ destroyed }) => !destroyed).length <= 64);
  for (const socket of sockets) socket.destroy();
});
