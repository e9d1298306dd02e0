import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type RequestOptions } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { HeadWriter } from './head-writer.ts';

const response = { status: 200, headers: ['Content-Type', 'application/json'] };
const heads = new HeadWriter();
const server = createServer({ keepAliveTimeout: 7000 }, (incoming, outgoing) => {
  heads.write(outgoing, response, incoming.url!.slice(1), 2, incoming.headers['x-last'] !== undefined);
  outgoing.end('{}');
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

async function get(id: string, headers: RequestOptions['headers'] = { Connection: 'keep-alive' }) {
  const { port } = server.address() as AddressInfo;
  const sentAt = Date.now();
  const sent = request({ host: '127.0.0.1', port, path: `/${id}`, headers }).end();
  const [incoming] = (await once(sent, 'response')) as [IncomingMessage];
  expect(await text(incoming)).toBe('{}');
  return {
    head: incoming.rawHeaders.join('\n'),
    date: Date.parse(incoming.headers.date!),
    sentAt,
    receivedAt: Date.now(),
  };
}

test('heads that are composed equal those that Node writes, but for the request id and the time', async () => {
  const { head } = await get('0');
  expect(head).toMatch(/X-Content-Type-Options\nnosniff\n[^]*X-Request-Id\n0\n[^]*Keep-Alive\ntimeout=7$/);
  const normal = head.replace(/Date\n.*/, 'Date');
  for (let id = 1; id < 500; id++) {
    const { head: next, date, sentAt, receivedAt } = await get(String(id));
    expect(next.replace(/Date\n.*/, 'Date').replace(`\n${id}\n`, '\n0\n')).toBe(normal);
    // Both Node and the writer may use the second before for a moment.
    expect(date).toBeGreaterThan(sentAt - 3000);
    expect(date).toBeLessThanOrEqual(receivedAt);
  }
});

test('Node writes the head if the connection closes, because of the client or the service', async () => {
  await get('1');
  const [client, service] = [await get('2', { Connection: 'close' }), await get('3', { 'X-Last': 'yes' })];
  for (const { head } of [client, service]) {
    expect(head).toContain('Connection\nclose');
    expect(head).not.toContain('keep-alive');
  }
  expect((await get('4')).head).toContain('Connection\nkeep-alive');
});
