/** Bodies that grow a thousandfold when they are decompressed. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { models } from '../fixtures/app.ts';
import { metric } from '../fixtures/metric.ts';
import { startService } from '../fixtures/process.ts';
import { until } from '../fixtures/until.ts';
import { ConnectingClient } from './fixtures/connecting-client.ts';

/** A megabyte that decompresses to a gigabyte: gzip may have several parts. */
const bomb = Buffer.concat(new Array<Buffer>(64).fill(gzipSync(Buffer.alloc(2 ** 24))));
/** Spaces that decompress to just less than MAX_BODY_BYTES. */
const spaces = gzipSync(Buffer.alloc(1_000_000, ' '));
const COUNT = 200;

const head = (path: string, length: number): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n` +
  `Content-Length: ${length}\r\n\r\n`;

test('compressed bodies have the limits of plain ones, and keep no one else out', async () => {
  const service = await startService(models);
  try {
    const resident = (): Promise<number> => metric(service, 'process_resident_memory_bytes');
    const send = async (path: string, body: Buffer): Promise<number> => {
      const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
      const signal = AbortSignal.timeout(20_000);
      return (await fetch(service.url + path, { method: 'POST', headers, body, signal })).status;
    };
    // Loads what the first requests of each kind load. The second path has an escape, so it is served by Hono.
    const paths = ['/predictions', '/models/%69ris/predictions'];
    for (const path of paths) expect(await send(path, spaces)).toBe(400);
    const before = await resident();
    const good = new ConnectingClient(service);

    const bombs = Array.from({ length: 16 }, (_, index) => send(paths[index % 2] ?? '', bomb));
    for (const status of await Promise.all(bombs)) expect([413, 503]).toContain(status);
    expect((await resident()) - before).toBeLessThan(190_000_000);

    // Each takes 1 KB of the network and a megabyte of memory, and does not end.
    const slow = await Promise.all(
      Array.from({ length: COUNT }, async (_, index) => {
        const socket = connect(service.port, '127.0.0.1').on('error', () => undefined);
        await once(socket.resume(), 'connect');
        socket.write(head(paths[index % 2] ?? '', spaces.length));
        socket.write(spaces.subarray(0, -10));
        return socket;
      }),
    );
    const seen = good.responses;
    await until(async () => {
      expect((await resident()) - before).toBeLessThan(190_000_000);
      return good.responses > seen + 10;
    });
    expect(await good.stop()).toEqual([]);
    expect(good.retries).toBe(0);
    for (const socket of slow) socket.destroy();
  } finally {
    await service.stop();
  }
});
