/** Connections that occupy places: silent ones, idle ones, and ones whose requests never end. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { models } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

const MOST = 50;
let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(models, { MAX_CONNECTIONS: String(MOST) });
});
afterAll(() => service.stop());

const request = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';

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
  expect(await metric(service, 'rhizome_connections_closed_total{reason="idle"}')).toBeGreaterThan(20 * 30 - MOST - 20);
  await until(() => sockets.filter(({ destroyed }) => !destroyed).length <= MOST);
  for (const socket of [...sockets, kept]) socket.destroy();
});

test('requests that do not go on make room, too, after a while', async () => {
  const head =
    'POST /predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n';
  const slow = await Promise.all(Array.from({ length: MOST }, () => open(`${head}[`)));
  // Until then, further connections are closed, the scrapes too.
  await until(async () => {
    // One more each time, because the last connections of the other test may have ended only now.
    slow.push(await open(`${head}[`));
    return (await metric(service, 'rhizome_connections_closed_total{reason="slow"}').catch(() => 0)) > 0;
  });
  const good = new ConnectingClient(service);
  await until(() => good.responses > 4);
  expect(await good.stop()).toEqual([]);
  for (const socket of slow) socket.destroy();
});
