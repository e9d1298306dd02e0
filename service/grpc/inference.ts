import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import { ServiceError } from '../errors.ts';
import type { InferenceOperations, ModelReference } from '../operations/inference.ts';
import type { Call, Calls } from './calls.ts';
import { readInputs, writeOutputs } from './infer-messages.ts';
import type { ModelInferRequest, ModelInferResponse, ModelRequest, RepositoryIndexRequest } from './messages.ts';

/** The methods of GRPCInferenceService. Each decodes its request, calls the operation, and encodes the response. */
export function inferenceMethods(operations: InferenceOperations, calls: Calls): UntypedServiceImplementation {
  return {
    ServerLive: calls.unary(() => Promise.resolve({ live: true })),
    ServerReady: calls.unary(async () => ({ ready: await operations.serverReady() })),
    ModelReady: calls.unary(async ({ name, version }: ModelRequest) => ({
      ready: await operations.modelReady(referenceOf(name, version)),
    })),
    ServerMetadata: calls.unary(() => Promise.resolve(operations.serverMetadata())),
    ModelMetadata: calls.unary(({ name, version }: ModelRequest, call) => {
      const metadata = operations.modelMetadata(referenceOf(name, version));
      call.model = metadata.name;
      return Promise.resolve(metadata);
    }),
    ModelInfer: calls.unary(async (message: ModelInferRequest, call): Promise<ModelInferResponse> => {
      const { signature, outputs } = await operations.infer({
        ...referenceOf(message.model_name, message.model_version),
        setModel: (name) => {
          call.model = name;
        },
        read: () => {
          const inputs = readInputs(message);
          refuseLate(call);
          return Promise.resolve({ inputs, outputs: (message.outputs ?? []).map(({ name = '' }) => name) });
        },
      });
      const { name, version } = signature;
      return { model_name: name, model_version: version, id: message.id ?? '', ...writeOutputs(message, outputs) };
    }),
    RepositoryIndex: calls.unary(({ ready = false }: RepositoryIndexRequest) =>
      Promise.resolve({ models: operations.repositoryIndex(ready) }),
    ),
  };
}

/** In a message, an empty version means none. */
function referenceOf(name = '', version = ''): ModelReference {
  return { name, version: version === '' ? undefined : version };
}

/**
 * A run cannot be stopped, so none is started for a client that no longer waits for it.
 *
 * @throws {ServiceError} `timeout`
 */
export function refuseLate({ deadline, cancelled }: Pick<Call, 'deadline' | 'cancelled'>, now = Date.now()): void {
  if (cancelled || now >= deadline) throw new ServiceError('timeout', 'The deadline passed before the model ran.');
}
