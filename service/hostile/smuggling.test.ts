/** Requests that a proxy may read differently from the service. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { models } from '../fixtures/app.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';
import { metric } from '../fixtures/metric.ts';

let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(models);
});
afterAll(() => service.stop());

/** Sends text, and returns everything that is received until the service closes the connection. */
async function exchange(text: string): Promise<string> {
  const socket = connect(service.port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(5000) });
  socket.write(text);
  await closed;
  return received;
}

const head = 'POST /predictions HTTP/1.1\r\nContent-Type: application/json\r\n';
const chunked = '2\r\n{}\r\n0\r\n\r\n';
const next = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n';

test('an ambiguous request gets a 400, and what follows it on the connection is not served', async () => {
  const good = new ConnectingClient(service);
  const ambiguous = [
    `GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n`,
    `GET /livez HTTP/1.1\r\nHost: a\r\nHOST: a\r\n\r\n`,
    `${head}Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n${chunked}`,
    `${head}Host: a\r\ntransfer-encoding: identity, chunked\r\n\r\n${chunked}`,
    // Node refuses these.
    `${head}Host: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n${chunked}`,
    `${head}Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    `${head}Host: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
    `${head}Host: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
    `GET /livez HTTP/1.1\r\n\r\n`,
  ];
  for (const request of ambiguous) {
    const received = await exchange(request + next);
    expect([request, received.match(/HTTP\/1\.1 \d+/g)]).toEqual([request, ['HTTP/1.1 400']]);
  }
  const series = 'rhizome_requests_total{protocol="http",route="none",model="",code="400"}';
  expect(await metric(service, series)).toBe(4);
  expect(await good.stop()).toEqual([]);
});

test('one host, and chunks in any case, are not ambiguous', async () => {
  const last = next.replace('Host', 'Connection: close\r\nhost');
  const received = await exchange(`${head}Host: a\r\nTransfer-Encoding: Chunked\r\n\r\n${chunked}${last}`);
  expect(received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 422', 'HTTP/1.1 200']);
});
