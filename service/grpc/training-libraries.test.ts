import { tensorsDifference, tolerance } from '../../fixtures/training-libraries/difference.ts';
import {
  trainedModels,
  trainingLibrariesFolder,
  type RecordedTensor,
  type Run,
  type TrainedModel,
} from '../../fixtures/training-libraries/recorded-models.ts';
import { pack, unpack } from '../../onnx/signature/dtypes.ts';
import type { DType } from '../../onnx/engine/engine.ts';
import { receivedInputs, receivedResponse } from './fixtures/codec.ts';
import type { ModelInferResponse } from './fixtures/messages.ts';
import { start, stopAll, type Started, type TestClient } from './fixtures/server.ts';

// Every model in fixtures/training-libraries returns the same over gRPC as Python's onnxruntime.

let client: TestClient;
let started: Started;
beforeAll(async () => {
  started = await start({ dir: trainingLibrariesFolder, environment: { MAX_BODY_BYTES: '10000000' } });
  client = started.client();
});
afterAll(stopAll);

/** Typed contents have no field for this dtype. */
const isRawOnly = (dtype: DType): boolean => dtype === 'float16';

/** Outputs have the same form as inputs, so the service's own writer and reader also serve the client. */
async function ask({ name }: TrainedModel, { inputs, outputs }: Run, raw: boolean): Promise<RecordedTensor[]> {
  const tensors = inputs.map((tensor) => ({ ...tensor, data: pack(tensor.dtype, tensor.data) }));
  const sent = receivedResponse(tensors, raw);
  const request = {
    model_name: name,
    inputs: sent.outputs,
    ...(sent.raw_output_contents && { raw_input_contents: sent.raw_output_contents }),
    outputs: outputs.map((output) => ({ name: output.name })),
  };
  const answer = await client.call<ModelInferResponse>('ModelInfer', request);
  const isRaw = raw || [...inputs, ...outputs].some(({ dtype }) => isRawOnly(dtype));
  expect(answer.raw_output_contents?.length ?? 0).toBe(isRaw ? outputs.length : 0);
  return receivedInputs({ inputs: answer.outputs, raw_input_contents: answer.raw_output_contents ?? [] }).map(
    (tensor) => ({
      ...tensor,
      data: unpack(tensor),
    }),
  );
}

describe.each(trainedModels())('$name', (model) => {
  test.each([
    ['typed', false],
    ['raw', true],
  ] as const)('answers %s tensors, a row and all at once', async (_, raw) => {
    for (const run of [...model.rows, ...(model.batch ? [model.batch] : [])]) {
      const most = Math.max(...run.outputs.map(({ dtype }) => tolerance(dtype)));
      expect(
        tensorsDifference(
          await ask(model, run, raw),
          run.outputs.map(({ name, dtype, shape, data }) => ({ name, dtype, shape, data })),
        ),
      ).toBeLessThanOrEqual(most);
    }
  });
});
