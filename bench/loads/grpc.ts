import { credentials, loadPackageDefinition, type ServiceClientConstructor, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BenchModel, Sample } from '../models/bench-model.ts';
import { root } from '../models/model-cache.ts';

export const protoFile = join(root, 'service/grpc/proto/inference.proto');
export const inferMethod = 'inference.GRPCInferenceService.ModelInfer';

/** Returns a ModelInferRequest as JSON, with typed contents. */
export function inferMessage({ name, input, rowShape }: BenchModel, { rows, cells }: Sample): object {
  return {
    model_name: name,
    inputs: [
      {
        name: input,
        datatype: 'FP32',
        shape: [rows, ...rowShape],
        contents: { fp32_contents: Array.from(cells, (value) => Math.round(value * 100) / 100) },
      },
    ],
  };
}

interface InferResponse {
  readonly outputs: readonly {
    readonly name: string;
    readonly contents: { readonly int64_contents: readonly number[] };
  }[];
}

type ModelInfer = (
  request: object,
  options: { readonly deadline: number },
  done: (error: ServiceError | null, response: InferResponse) => void,
) => void;

/** Sends a request once. @throws {Error} if the call fails, or the labels are not those of the sample */
export async function probeGrpc(port: number, model: BenchModel, sample: Sample): Promise<void> {
  const { inference } = loadPackageDefinition(loadSync(protoFile, { keepCase: true, longs: Number })) as unknown as {
    readonly inference: { readonly GRPCInferenceService: ServiceClientConstructor };
  };
  const client = new inference.GRPCInferenceService(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const infer = (client as unknown as { readonly ModelInfer: ModelInfer }).ModelInfer.bind(client);
    const { outputs } = await new Promise<InferResponse>((resolve, reject) => {
      infer(inferMessage(model, sample), { deadline: Date.now() + 30_000 }, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
    for (const [name, { dtype, data }] of Object.entries(sample.outputs)) {
      const received = outputs.find((output) => output.name === name)?.contents.int64_contents;
      if (dtype === 'int64' && !isDeepStrictEqual(received, data))
        throw new Error(
          `ModelInfer returned ${JSON.stringify(received)} for ${name}, expected ${JSON.stringify(data)}`,
        );
    }
  } finally {
    client.close();
  }
}
