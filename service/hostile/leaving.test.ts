/** Work stops when nobody waits for it any more. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { protos, TestClient } from '../grpc/fixtures/server.ts';
import { startService } from '../fixtures/process.ts';
import { exampleRequest, goodClient } from './fixtures/good-client.ts';
import { metric } from '../fixtures/metric.ts';
import { until } from '../fixtures/until.ts';

const root = join(import.meta.dirname, '../..');
/** Each has a run of its own, which takes several seconds in total. */
const ROWS = 200_000;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-leaving-'));
  await cp(join(root, 'models/iris'), join(dir, 'iris'), { recursive: true });
  await mkdir(join(dir, 'busy'));
  await cp(join(root, 'models/iris/model.onnx'), join(dir, 'busy/model.onnx'));
});
afterAll(() => rm(dir, { recursive: true }));

test('a request with many rows stops when its client leaves, over HTTP and gRPC', async () => {
  const service = await startService(dir, {
    GRPC_PORT: '0',
    MAX_BATCH: '1',
    MAX_BODY_BYTES: String(2 ** 24),
    MAX_RESPONSE_BYTES: String(2 ** 28),
    REQUEST_TIMEOUT_SECONDS: '120',
    GRACE_PERIOD_SECONDS: '150',
  });
  const { url } = service;
  const good = await goodClient(url, [await exampleRequest(url, 'iris'), { path: '/livez' }]);
  const post = async (rows: number, signal: AbortSignal): Promise<number> => {
    const column = `[${'1,'.repeat(rows - 1)}1]`;
    const response = await fetch(`${url}/models/busy/predictions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: `{"columns":{${[0, 1, 2, 3].map((index) => `"X_${index}":${column}`).join()}}}`,
      signal,
    });
    await response.arrayBuffer();
    return response.status;
  };
  const rowsRun = (): Promise<number> => metric(service, 'rhizome_batch_rows_sum{model="busy"}');
  /** Sends a request and leaves as soon as some of its rows have run. */
  const leaves = async (send: () => () => void): Promise<void> => {
    const before = await rowsRun();
    const leave = send();
    await until(async () => (await rowsRun()) > before);
    leave();
    await until(async () => (await metric(service, 'rhizome_queue_rows{model="busy"}')) === 0);
    const after = await rowsRun();
    expect(after - before).toBeLessThan(ROWS);
    expect(await post(1, AbortSignal.timeout(30_000))).toBe(200);
    // Nothing is left of the request, neither in the queue nor in the process.
    expect(await rowsRun()).toBe(after + 1);
  };

  await leaves(() => {
    const left = new AbortController();
    post(ROWS, left.signal).catch(() => undefined);
    return () => {
      left.abort();
    };
  });

  const { client } = new TestClient(service.grpcAddress);
  const { path: method, requestSerialize, responseDeserialize } = protos.inference['ModelInfer']!;
  await leaves(() => {
    const request = {
      model_name: 'busy',
      inputs: [{ name: 'X', datatype: 'FP32', shape: [String(ROWS), '4'] }],
      raw_input_contents: [Buffer.alloc(ROWS * 16)],
    };
    const call = client.makeUnaryRequest(
      method,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      {},
      () => undefined,
    );
    return () => {
      call.cancel();
    };
  });
  client.close();

  const { served, wrong } = await good.stop();
  expect(wrong).toEqual([]);
  expect(served).toBeGreaterThan(2);
  expect(await service.stop()).toBe(0);
});
