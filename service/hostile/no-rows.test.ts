/** Tensors without elements: on some models the runtime divides by a dimension, which ends its process. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainingLibrariesFolder } from '../../fixtures/training-libraries/recorded-models.ts';
import type { ModelInferResponse } from '../grpc/fixtures/messages.ts';
import { TestClient } from '../grpc/fixtures/server.ts';
import { startService } from '../fixtures/process.ts';
import { exampleRequest, goodClient } from './fixtures/good-client.ts';
import { metric } from '../fixtures/metric.ts';

const models = ['k-neighbors', 'local-outlier-factor', 'logistic-regression'];
const TIMES = 5;

interface Declared {
  readonly inputs: readonly { readonly name: string; readonly datatype: string; readonly shape: readonly number[] }[];
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-no-rows-'));
  for (const name of models) await cp(join(trainingLibrariesFolder, name), join(dir, name), { recursive: true });
});
afterAll(() => rm(dir, { recursive: true }));

test('a batch of no rows ends no process, and costs no other client its response', async () => {
  const service = await startService(dir, { GRPC_PORT: '0' });
  const { url } = service;
  const grpc = new TestClient(service.grpcAddress);
  const good = await goodClient(url, await Promise.all(models.map((model) => exampleRequest(url, model))));
  const seen: unknown[] = [];
  for (const model of models) {
    const { inputs } = (await (await fetch(`${url}/v2/models/${model}`)).json()) as Declared;
    const empty = inputs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [0, ...shape.slice(1)] }));
    const post = async (body: string, headers: Record<string, string> = {}): Promise<void> => {
      const response = await fetch(`${url}/v2/models/${model}/infer`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      const bytes = Buffer.from(await response.arrayBuffer());
      const length = Number(response.headers.get('Inference-Header-Content-Length') ?? bytes.length);
      const { outputs } = JSON.parse(bytes.subarray(0, length).toString()) as { outputs?: { shape: number[] }[] };
      seen.push([response.status, ...(outputs ?? []).map(({ shape }) => shape[0])]);
    };
    for (let time = 0; time < TIMES; time++) {
      await post(JSON.stringify({ inputs: empty.map((input) => ({ ...input, data: [] })) }));
      const parameters = { binary_data_size: 0 };
      const head = JSON.stringify({ inputs: empty.map((input) => ({ ...input, parameters })) });
      await post(head, {
        'Content-Type': 'application/octet-stream',
        'Inference-Header-Content-Length': String(head.length),
      });
      seen.push(
        await grpc
          .call<ModelInferResponse>('ModelInfer', {
            model_name: model,
            inputs: empty.map((input) => ({ ...input, shape: input.shape.map(String) })),
            raw_input_contents: empty.map(() => Buffer.of()),
          })
          .then(
            ({ outputs }) => [200, ...outputs.map(({ shape = [] }) => Number(shape[0]))],
            (error: unknown) => [(error as { details: string }).details],
          ),
      );
    }
  }
  grpc.close();
  // Each has two outputs, whose rows have a declared length.
  expect(seen).toEqual(new Array(3 * models.length * TIMES).fill([200, 0, 0]));
  const { served, wrong } = await good.stop();
  expect(wrong).toEqual([]);
  expect(served).toBeGreaterThan(models.length);
  expect(await metric(service, 'rhizome_inference_process_restarts_total')).toBe(0);
  expect(await service.stop()).toBe(0);
});
