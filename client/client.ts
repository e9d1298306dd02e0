import type { Health, ModelDescription, ModelList, ModelListEntry } from '../service/contract/api.ts';
import { paths } from '../service/contract/endpoints.ts';
import type { ModelMetadata, ServerMetadata } from '../service/contract/inference.ts';
import { inferRequest, readInference, type InferRequest, type InferResponse } from './inference.ts';
import { stringifyJson } from './json.ts';
import type { AnyModels, Columns, Features, ModelMap, ModelName, Prediction } from './models.ts';
import { readPredictions } from './predictions.ts';
import { createTransport, json, type CallOptions, type ClientOptions } from './transport.ts';

export interface ModelOptions extends CallOptions {
  /** @default the highest that is served */
  readonly version?: string;
}

export interface InferOptions extends ModelOptions {
  /** Sends and asks for tensors as bytes, not as JSON: smaller, and much faster for large ones. @default false */
  readonly binary?: boolean;
}

/**
 * Asks the service. Every call rejects with a `RhizomeError` (`ServiceProblem`, `Unreachable`, `TimedOut`, …), or with the
 * reason of the signal that aborted it.
 */
export interface Client<M extends ModelMap<M> = AnyModels> {
  /** Asks the default model, as below. */
  predict(row: Features<M>, options?: CallOptions): Promise<Prediction<M>>;
  predict(rows: readonly Features<M>[] | Columns<Features<M>>, options?: CallOptions): Promise<Prediction<M>[]>;
  /** Rows, or columns of them; answered in their order. */
  predict<N extends ModelName<M>>(
    model: N,
    rows: readonly Features<M, N>[] | Columns<Features<M, N>>,
    options?: ModelOptions,
  ): Promise<Prediction<M, N>[]>;
  /** One row, by the features' names. Last, so that it is what TypeScript's errors are about. */
  predict<N extends ModelName<M>>(model: N, row: Features<M, N>, options?: ModelOptions): Promise<Prediction<M, N>>;

  /** The models, and what became of each that could not be loaded. */
  models(options?: CallOptions): Promise<readonly ModelListEntry[]>;
  /** What the model takes and gives, in the words of its author. */
  model(name: ModelName<M>, options?: ModelOptions): Promise<ModelDescription>;
  /** Whether requests should be sent, and what is amiss where not. */
  ready(options?: CallOptions): Promise<Health>;
  /** Whether the process answers at all. */
  live(options?: CallOptions): Promise<Health>;

  /** Tensors in, tensors out, by the Open Inference Protocol. */
  infer(model: ModelName<M>, request: InferRequest, options?: InferOptions): Promise<InferResponse>;
  /** The model's tensors, by the Open Inference Protocol. */
  metadata(model: ModelName<M>, options?: ModelOptions): Promise<ModelMetadata>;
  /** False where the model is there, but cannot be asked yet. */
  modelReady(model: ModelName<M>, options?: ModelOptions): Promise<boolean>;
  serverMetadata(options?: CallOptions): Promise<ServerMetadata>;
}

const inferencePath = `${paths.inference}/models`;

const versioned = (root: string, model: string, version: string | undefined): string =>
  `${root}/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;

/** @throws TypeError where the URL is none */
export function createClient<M extends ModelMap<M> = AnyModels>(options: ClientOptions): Client<M> {
  const send = createTransport(options);
  const get = async <T>(path: string, call: CallOptions | undefined, accept: readonly number[] = []): Promise<T> =>
    json((await send({ path, accept }, call)).bytes) as T;

  async function predict(path: string, input: unknown, call: CallOptions | undefined): Promise<unknown> {
    const answer = await send(
      { path, body: stringifyJson(input), headers: { 'content-type': 'application/json' } },
      call,
    );
    return readPredictions(json(answer.bytes));
  }

  return {
    predict: ((first: unknown, second: unknown, third?: ModelOptions) =>
      typeof first === 'string'
        ? predict(`${versioned(paths.models, first, third?.version)}${paths.predictions}`, second, third)
        : predict(paths.predictions, first, second as CallOptions | undefined)) as Client<M>['predict'],

    models: async (call) => (await get<ModelList>(paths.models, call)).models,
    model: (name, call) => get(versioned(paths.models, name, call?.version), call),
    ready: (call) => get(paths.ready, call, [503]),
    live: (call) => get(paths.live, call),

    infer: async (model, request, call) =>
      readInference(
        await send(
          inferRequest(`${versioned(inferencePath, model, call?.version)}/infer`, request, call?.binary === true),
          call,
        ),
      ),
    metadata: (model, call) => get(versioned(inferencePath, model, call?.version), call),
    modelReady: async (model, call) =>
      (await send({ path: `${versioned(inferencePath, model, call?.version)}/ready`, accept: [503] }, call)).status !==
      503,
    serverMetadata: (call) => get(paths.inference, call),
  };
}
