import { once } from 'node:events';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { protos, start, stopAll, type Started } from './fixtures/server.ts';

afterEach(stopAll);

function watch(started: Started, service = ''): ClientReadableStream<{ status: string }> {
  const { path, requestSerialize, responseDeserialize } = protos.health['Watch']!;
  const stream = started
    .client()
    .client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, { service });
  return stream.on('error', () => undefined) as ClientReadableStream<{ status: string }>;
}

const next = async (stream: ClientReadableStream<{ status: string }>): Promise<string> =>
  ((await once(stream, 'data')) as [{ status: string }])[0].status;

test.each(['', 'inference.GRPCInferenceService'])("Check of the service '%s' follows readiness", async (service) => {
  const started = await start({ load: false });
  const client = started.client({}, protos.health);
  expect(await client.call('Check', { service })).toEqual({ status: 'NOT_SERVING' });
  await started.repository.load(onnxruntime, { threads: 1 });
  expect(await client.call('Check', { service })).toEqual({ status: 'SERVING' });
  started.lifecycle.advance('draining');
  expect(await client.call('Check', { service })).toEqual({ status: 'SERVING' });
  started.lifecycle.advance('closing');
  expect(await client.call('Check', { service })).toEqual({ status: 'NOT_SERVING' });
});

test('another service is SERVICE_UNKNOWN', async () => {
  const started = await start();
  await expect(started.client({}, protos.health).call('Check', { service: 'x.Y' })).rejects.toMatchObject({
    code: 5,
    details: expect.stringContaining("There is no service 'x.Y'"),
  });
  expect(await next(watch(started, 'x.Y'))).toBe('SERVICE_UNKNOWN');
});

test('Watch sends the state and each change', async () => {
  const started = await start({ load: false });
  const stream = watch(started);
  expect(await next(stream)).toBe('NOT_SERVING');
  await started.repository.load(onnxruntime, { threads: 1 });
  expect(await next(stream)).toBe('SERVING');
  started.lifecycle.advance('closing');
  expect(await next(stream)).toBe('NOT_SERVING');
  stream.cancel();
});

test('a watch does not delay the exit: it ends as soon as the service drains', async () => {
  const started = await start();
  const stream = watch(started);
  expect(await next(stream)).toBe('SERVING');
  const status = new Promise((resolve) => stream.on('status', resolve));
  await started.close();
  expect(await status).toMatchObject({ code: 14, details: expect.stringContaining('to reach another replica') });
});
