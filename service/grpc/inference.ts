import type { TensorMetadata } from '../contract/index.ts';
import { infer } from '../inference/infer.ts';
import type { InferenceOperations, ModelReference } from '../operations/inference.ts';
import type { PayloadLog } from '../payload-log/payload-log.ts';
import { decodeInferRequest, readInputs, type InferRequest } from './infer/request.ts';
import { encodeInferResponse } from './infer/response.ts';
import { encodeStreamError, readId } from './infer/stream.ts';
import { malformedRequest, type Call, type Method } from './method.ts';
import { services, unary } from './protos.ts';
import { RequestStream, type RequestHandler } from './request-stream.ts';

/** The request of every method that is about one model and does not run it. */
interface ModelRequest {
  readonly name?: string;
  readonly version?: string;
}

/** The methods of GRPCInferenceService. Each decodes its request, calls the operation, and encodes the response. */
export function inferenceMethods(operations: InferenceOperations, payloads?: PayloadLog): readonly Method[] {
  const models: ModelCalls = { operations, payloads };
  const streamed: RequestHandler = {
    respond: (bytes, call) => modelInfer(models, bytes, call, true),
    failed: (bytes, { message }) => encodeStreamError(readId(bytes), message),
  };
  return [
    unary('inference', 'ServerLive', () => ({ live: true }), true),
    unary('inference', 'ServerReady', async () => ({ ready: await operations.serverReady() }), true),
    unary('inference', 'ModelReady', async ({ name, version }: ModelRequest) => ({
      ready: await operations.modelReady(referenceOf(name, version)),
    })),
    unary('inference', 'ServerMetadata', () => operations.serverMetadata()),
    unary('inference', 'ModelMetadata', ({ name, version }: ModelRequest, call) => {
      const metadata = operations.modelMetadata(referenceOf(name, version));
      call.model = metadata.name;
      const { inputs, outputs } = metadata;
      return { ...metadata, inputs: inputs.map(withParameters), outputs: outputs.map(withParameters) };
    }),
    unary('inference', 'ModelConfig', ({ name, version }: ModelRequest, call) => {
      const config = operations.modelConfig(referenceOf(name, version));
      call.model = config.name;
      return { config };
    }),
    unary('inference', 'ModelStatistics', ({ name = '', version }: ModelRequest) => ({
      model_stats: operations.statistics(name === '' ? undefined : referenceOf(name, version)),
    })),
    { path: `/${services.inference}/ModelInfer`, respond: (bytes, call) => modelInfer(models, bytes, call) },
    {
      path: `/${services.inference}/ModelStreamInfer`,
      endless: true,
      manyRequests: true,
      stream: (call, headers) => new RequestStream(call, streamed, headers['triton_grpc_error'] === 'true'),
    },
    unary('inference', 'RepositoryIndex', ({ ready = false }: { readonly ready?: boolean }) => ({
      models: operations.repositoryIndex(ready),
    })),
  ];
}

/** What the methods that run models share. */
interface ModelCalls {
  readonly operations: InferenceOperations;
  /** Undefined if nothing is logged. */
  readonly payloads: PayloadLog | undefined;
}

/** ModelInfer has codecs of its own, which read and write the elements where the model has them. */
async function modelInfer(
  { operations, payloads }: ModelCalls,
  bytes: Buffer,
  call: Call,
  streamed = false,
): Promise<Buffer> {
  const { trace } = call;
  const request = trace === undefined ? decode(bytes) : trace.during('decode', () => decode(bytes));
  const entry = operations.model(referenceOf(request.modelName, request.modelVersion));
  call.access?.require(entry.name);
  call.model = entry.name;
  trace?.runs(entry);
  const { counts, plan } = entry.executor;
  const started = performance.now();
  let ok = false;
  try {
    const inputs = readInputs(request);
    const record = payloads?.begin(entry, call);
    record?.requestTensors(inputs);
    const outputs = await infer(entry, inputs, request.outputs, call);
    const encode = (): Buffer => encodeInferResponse(entry, request, outputs, plan.maxResponseBytes, streamed);
    const response = trace === undefined ? encode() : trace.during('encode', encode);
    record?.responseTensors(outputs);
    ok = true;
    return response;
  } finally {
    counts.responded(ok, performance.now() - started);
  }
}

function decode(bytes: Buffer): InferRequest {
  try {
    return decodeInferRequest(bytes);
  } catch (cause) {
    throw malformedRequest(cause);
  }
}

/** Converts the parameters of a tensor to messages. */
function withParameters({ parameters = {}, ...tensor }: TensorMetadata): object {
  const messages = Object.entries(parameters).map(([name, value]) => [name, { bool_param: value }] as const);
  return { ...tensor, parameters: Object.fromEntries(messages) };
}

/** In a message, an empty version means none. */
function referenceOf(name = '', version = ''): ModelReference {
  return { name, version: version === '' ? undefined : version };
}
