/** Small images and forms that would cost far more than they are, and more images than can be decoded. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSharp } from '../../onnx/decode/image/load-sharp.ts';
import { metric } from '../fixtures/metric.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';
import { goodClient } from './fixtures/good-client.ts';

const pixel = readFileSync(join(import.meta.dirname, '../../onnx/decode/image/fixtures/pixel.png'));
const form = 'multipart/form-data; boundary=b';
const part = '--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n';

async function image(width: number, height: number): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp({ create: { width, height, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
}

/** A PNG whose header is followed by chunks without content. */
function ofChunks(count: number): Buffer {
  const chunks = Buffer.alloc(12 * count);
  for (let at = 4; at < chunks.length; at += 12) chunks.write('teSt', at, 'latin1');
  return Buffer.concat([pixel.subarray(0, 33), chunks]);
}

let service: ServiceProcess;
beforeAll(async () => {
  service = await startService(join(import.meta.dirname, '../fixtures/images'));
});
afterAll(async () => {
  expect(await service.stop()).toBe(0);
});

test('images and forms of a few kilobytes cost no other client its response', async () => {
  const attacks: readonly (readonly [name: string, type: string, body: Buffer, status: number])[] = [
    ['a wide image', 'image/png', await image(1_000_000, 1), 200],
    ['a high image', 'image/png', await image(1, 1_000_000), 200],
    ['too many pixels', 'image/png', await image(1_000_001, 1), 422],
    ['too many chunks', 'image/png', ofChunks(8000), 422],
    ['thousands of parts', form, Buffer.from('--b\r\n\r\n\r\n'.repeat(5000)), 400],
    ['a part without end', form, Buffer.concat([Buffer.from(part), Buffer.alloc(90_000)]), 400],
    ['a header without end', form, Buffer.from(`--b\r\nContent-Disposition: ${'; a="'.repeat(10_000)}`), 400],
    ['a boundary without end', form, Buffer.from(`--b${' '.repeat(90_000)}`), 400],
    ['base64 of spaces', 'application/json', Buffer.from(JSON.stringify({ image: ' '.repeat(100_000) })), 422],
  ];
  const good = await goodClient(service.url, [
    { path: '/livez' },
    { path: '/predictions', body: { image: pixel.toString('base64') } },
  ]);
  const send = async ([name, type, body]: (typeof attacks)[number]): Promise<unknown> => {
    const { status } = await fetch(`${service.url}/predictions`, {
      method: 'POST',
      headers: { 'Content-Type': type },
      body: new Uint8Array(body),
      signal: AbortSignal.timeout(60_000),
    });
    return [name, status];
  };
  const all = Array.from({ length: 5 }, () => attacks).flat();
  expect(await Promise.all(all.map(send))).toEqual(all.map(([name, , , status]) => [name, status]));
  const { served, wrong } = await good.stop();
  expect(wrong).toEqual([]);
  expect(served).toBeGreaterThan(2);
});

test('more images than can be decoded in time are refused at once, rather than at their deadlines', async () => {
  const body = new Uint8Array(await image(1000, 1000));
  const send = (headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${service.url}/predictions`, {
      method: 'POST',
      headers: { 'Content-Type': 'image/png', ...headers },
      body,
      signal: AbortSignal.timeout(60_000),
    });
  const responses = await Promise.all(Array.from({ length: 300 }, () => send({ 'X-Request-Timeout-Ms': '300' })));
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused.length).toBeGreaterThan(0);
  for (const { headers } of refused) expect(headers.get('retry-after')).toBe('1');
  expect(await refused[0]?.json()).toMatchObject({ type: 'urn:problem-type:rhizome:overloaded' });
  expect(await metric(service, 'rhizome_requests_refused_total{model="colors",reason="decoding"}')).toBe(
    refused.length,
  );
  expect((await send()).status).toBe(200);
});
