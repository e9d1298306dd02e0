import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Model } from '../../onnx/model.ts';
import { ServiceError } from '../errors.ts';
import { infer } from '../inference/infer.ts';
import type { ModelRepository } from '../inference/repository.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Metrics } from '../middleware/metrics.ts';
import { modelMetadata, repositoryIndex, serverMetadata } from '../protocol/oip/metadata.ts';
import { readiness } from '../lifecycle/readiness.ts';
import { timed } from '../operations/timeout.ts';
import type { Call, Calls } from './calls.ts';
import { readInputs, writeOutputs } from './infer-messages.ts';
import type { ModelInferRequest, ModelInferResponse, ModelRequest, RepositoryIndexRequest } from './messages.ts';

export interface InferenceDependencies {
  readonly repository: ModelRepository;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly requestTimeoutSeconds: number;
}

/** GRPCInferenceService: each method decodes, calls what HTTP calls too, and encodes. */
export function inferenceMethods(
  { repository, lifecycle, metrics, requestTimeoutSeconds }: InferenceDependencies,
  calls: Calls,
): UntypedServiceImplementation {
  const find = (name = '', version = ''): Model => repository.get(name, version === '' ? undefined : version);
  return {
    ServerLive: calls.unary(() => Promise.resolve({ live: true })),
    ServerReady: calls.unary(async () => ({ ready: (await readiness(repository, lifecycle)).ready })),
    ModelReady: calls.unary(async ({ name = '', version = '' }: ModelRequest) => ({
      ready: await repository.ready(name, version === '' ? undefined : version),
    })),
    ServerMetadata: calls.unary(() => Promise.resolve(serverMetadata())),
    ModelMetadata: calls.unary(({ name, version }: ModelRequest, call) => {
      const { signature } = find(name, version);
      call.model = signature.name;
      return Promise.resolve(
        modelMetadata(
          signature,
          repository.versions(signature.name).map((entry) => entry.version),
        ),
      );
    }),
    ModelInfer: calls.unary(async (request: ModelInferRequest, call): Promise<ModelInferResponse> => {
      const model = find(request.model_name, request.model_version);
      const { name, version } = model.signature;
      call.model = name;
      const inputs = readInputs(request);
      refuseLate(call);
      const outputs = await timed(metrics, requestTimeoutSeconds, name, () =>
        infer(
          model,
          inputs,
          request.outputs?.map((output) => output.name ?? ''),
        ),
      );
      return { model_name: name, model_version: version, id: request.id ?? '', ...writeOutputs(request, outputs) };
    }),
    RepositoryIndex: calls.unary(({ ready = false }: RepositoryIndexRequest) =>
      Promise.resolve({ models: repositoryIndex(repository, ready) }),
    ),
  };
}

/** A run cannot be stopped: none is begun for a client that does not wait for it. */
export function refuseLate({ deadline, cancelled }: Pick<Call, 'deadline' | 'cancelled'>, now = Date.now()): void {
  if (cancelled || now >= deadline) throw new ServiceError('timeout', 'The deadline passed before the model was run.');
}
