/** Images with what else a service has: an API key, compressed bodies, the payload log, a shadow and gRPC. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { startReceiver, type TestReceiver } from './exports/fixtures/receiver.ts';
import { metric } from './fixtures/metric.ts';
import { startService, type ServiceProcess } from './fixtures/process.ts';
import { until } from './fixtures/until.ts';
import { TestClient } from './grpc/fixtures/server.ts';

const pixel = readFileSync(join(import.meta.dirname, '../onnx/decode/image/fixtures/pixel.png'));
const image = pixel.toString('base64');
const json = JSON.stringify({ image });
const form = Buffer.concat([
  Buffer.from('--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'),
  pixel,
  Buffer.from('\r\n--b--\r\n'),
]);
const FORM = 'multipart/form-data; boundary=b';
const authorization = 'Bearer secret';

let receiver: TestReceiver;
let service: ServiceProcess;
beforeAll(async () => {
  receiver = await startReceiver();
  service = await startService(join(import.meta.dirname, 'fixtures/images'), {
    API_KEY: 'secret',
    GRPC_PORT: '0',
    PAYLOAD_LOG: `${receiver.url}/events`,
    PAYLOAD_LOG_SAMPLE: '1',
    SHADOW_URL: receiver.url,
    SHADOW_SAMPLE: '1',
  });
});
afterAll(async () => {
  await service.stop();
  await receiver.close();
});

const send = (type: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.url}/predictions`, {
    method: 'POST',
    headers: { 'Content-Type': type, authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
    signal: AbortSignal.timeout(30_000),
  });

test('images need the API key, may be compressed, and are in the payload log in base64', async () => {
  expect((await send('image/png', pixel, { authorization: 'Bearer wrong' })).status).toBe(401);
  const gzip = { 'Content-Encoding': 'gzip' };
  const responses = [
    await send('image/png', pixel),
    await send('image/png', gzipSync(pixel), gzip),
    await send(FORM, form),
    await send(FORM, gzipSync(form), gzip),
    await send('application/json', json),
    await send('application/json', gzipSync(json), gzip),
  ];
  expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
  const predictions = await Promise.all(responses.map((response) => response.json()));
  const events = () => receiver.requests.filter(({ path }) => path === '/events');
  await until(() => events().length === responses.length, 'every request is in the payload log');
  for (const [index, { body }] of events().entries())
    expect(JSON.parse(body.toString())).toMatchObject({ data: { request: { image }, response: predictions[index] } });
});

test('a shadow gets the images in JSON; others count as dropped', async () => {
  const copies = () => receiver.requests.filter(({ path }) => path === '/models/colors/predictions');
  await until(() => copies().length === 2, 'both requests in JSON are copied');
  for (const { body } of copies()) expect(body.toString()).toBe(json);
  expect(await metric(service, 'rhizome_shadow_requests_total{model="colors",result="dropped"}')).toBe(4);
});

test('gRPC takes the tensor of an image, and says so of a file', async () => {
  const client = new TestClient(service.grpcAddress, undefined, { authorization });
  try {
    const infer = (input: object): Promise<unknown> =>
      client.call('ModelInfer', { model_name: 'colors', inputs: [{ name: 'image', ...input }] });
    await expect(
      infer({ datatype: 'BYTES', shape: ['1'], contents: { bytes_contents: [pixel] } }),
    ).rejects.toMatchObject({ details: expect.stringContaining('Send the tensor of an image') });
    const zeros = new Array<number>(3 * 32 * 32).fill(0);
    await expect(
      infer({ datatype: 'FP32', shape: ['1', '3', '32', '32'], contents: { fp32_contents: zeros } }),
    ).resolves.toMatchObject({ model_name: 'colors' });
  } finally {
    client.close();
  }
});
