import type { Health, ModelDescription, ModelList, ModelListEntry } from '../service/contract/api.ts';
import { paths } from '../service/contract/endpoints.ts';
import type { ModelMetadata, ServerMetadata } from '../service/contract/inference.ts';
import { ServiceProblem } from './errors.ts';
import { imageRequest, type ImageFile } from './images.ts';
import { inferRequest, readInference, type InferRequest, type InferResponse } from './inference.ts';
import { stringifyJson } from './json.ts';
import type { AnyModels, Columns, Features, ModelMap, ModelName, Prediction } from './models.ts';
import { readPredictions } from './predictions.ts';
import { createTransport, readJson, type CallOptions, type ClientOptions, type ServiceRequest } from './transport.ts';

export interface ModelOptions extends CallOptions {
  /** The model's version, such as `'2'`. @default the highest that is served */
  readonly version?: string;
}

export interface InferOptions extends ModelOptions {
  /** Sends and requests tensors as bytes rather than JSON: smaller, and much faster for large ones. @default false */
  readonly binary?: boolean;
}

export interface RequestOptions extends CallOptions {
  /** JSON text, or bytes such as an image, sent with POST as they are. @default none: the method is GET */
  // Not Uint8Array<ArrayBuffer>: before TypeScript 5.7, the type is not generic.
  readonly body?: string | Uint8Array;
  /** What the body is, such as `image/jpeg`. @default application/json */
  readonly contentType?: string;
}

/**
 * Calls the service. Every method rejects with a `RhizomeError` (`ServiceProblem`, `Unreachable`, `TimedOut`,
 * `UnexpectedResponse` or `InvalidTensor`), or with the reason of the signal that aborted it.
 *
 * @typeParam M the models' types: the interface `Models` that `rhizome types` writes. Without it any name and field is
 * accepted.
 */
export interface Client<M extends ModelMap<M> = AnyModels> {
  /** Predicts one row with the default model: the only one, or that of `DEFAULT_MODEL`. */
  predict(row: Features<M>, options?: CallOptions): Promise<Prediction<M>>;
  /** Predicts several rows with the default model, in one request. The predictions are in the order of the rows. */
  predict(rows: readonly Features<M>[] | Columns<Features<M>>, options?: CallOptions): Promise<Prediction<M>[]>;
  /** Predicts several rows, in one request. The predictions are in the order of the rows. */
  predict<N extends ModelName<M>>(
    model: N,
    rows: readonly Features<M, N>[] | Columns<Features<M, N>>,
    options?: ModelOptions,
  ): Promise<Prediction<M, N>[]>;
  // As unions with the rows, TypeScript's errors would be about images instead of features.
  /* eslint-disable @typescript-eslint/unified-signatures */
  /** Predicts an image with the default model, which has a single feature. */
  predict(image: ImageFile, options?: CallOptions): Promise<Prediction<M>>;
  /** Predicts an image: the bytes of a JPEG, PNG or WebP, for a model with a single feature. */
  predict<N extends ModelName<M>>(model: N, image: ImageFile, options?: ModelOptions): Promise<Prediction<M, N>>;
  // The last overload is the one that TypeScript's error messages are about.
  /** Predicts one row: an object with a value for each feature. */
  predict<N extends ModelName<M>>(model: N, row: Features<M, N>, options?: ModelOptions): Promise<Prediction<M, N>>;
  /* eslint-enable @typescript-eslint/unified-signatures */

  /** Lists all versions of all models with their states, including those that could not be loaded, and why. */
  models(options?: CallOptions): Promise<readonly ModelListEntry[]>;
  /** Describes a model: its features, outputs, classes, metrics and examples. */
  model(name: ModelName<M>, options?: ModelOptions): Promise<ModelDescription>;
  /**
   * Tells whether the service is ready for requests, and if not, which check fails. Resolves in either case. `checks`
   * is empty if the service's probes are on a management port.
   */
  ready(options?: CallOptions): Promise<Health>;
  /** Tells whether the process is alive. */
  live(options?: CallOptions): Promise<Health>;

  /** Runs the model on tensors, by the Open Inference Protocol. */
  infer(model: ModelName<M>, request: InferRequest, options?: InferOptions): Promise<InferResponse>;
  /** Describes the model's tensors, by the Open Inference Protocol. */
  metadata(model: ModelName<M>, options?: ModelOptions): Promise<ModelMetadata>;
  /** Returns false if the model exists, but cannot serve requests (yet). */
  modelReady(model: ModelName<M>, options?: ModelOptions): Promise<boolean>;
  /** Describes the service, by the Open Inference Protocol. */
  serverMetadata(options?: CallOptions): Promise<ServerMetadata>;

  /**
   * Sends a request to any path of the service, and returns the response's JSON unchanged: integers past 2^53 are
   * bigints, and NaN and the infinities are `'NaN'`, `'Infinity'` and `'-Infinity'`.
   *
   * @param path below the client's `url`, such as `/models/iris/predictions`
   */
  request(path: string, options?: RequestOptions): Promise<unknown>;
}

const inferencePath = `${paths.inference}/models`;
const inferenceLive = `${paths.inference}/health/live`;
const inferenceReady = `${paths.inference}/health/ready`;
const jsonContent = { 'content-type': 'application/json' };

const modelPath = (root: string, model: string, version: string | undefined): string =>
  `${root}/${encodeURIComponent(model)}${version === undefined ? '' : `/versions/${encodeURIComponent(version)}`}`;

/** @param otherwise what to do if the service's probes are on a management port */
async function orWithout(probe: Promise<Health>, otherwise: () => Promise<Health>): Promise<Health> {
  try {
    return await probe;
  } catch (error) {
    if (error instanceof ServiceProblem && error.status === 404) return otherwise();
    throw error;
  }
}

/**
 * Creates a client. It opens no connection before the first call, and needs not be closed.
 * @throws {TypeError} if `url` is not a valid URL
 */
export function createClient<M extends ModelMap<M> = AnyModels>(options: ClientOptions): Client<M> {
  const send = createTransport(options);
  const sendJson = async (request: ServiceRequest, call: CallOptions | undefined): Promise<unknown> =>
    readJson((await send(request, call)).bytes);
  const get = async <T>(path: string, call: CallOptions | undefined, accept: readonly number[] = []): Promise<T> =>
    (await sendJson({ path, accept }, call)) as T;
  const predict = async (path: string, input: unknown, call: CallOptions | undefined): Promise<unknown> => {
    const content = imageRequest(input) ?? { body: stringifyJson(input), headers: jsonContent };
    return readPredictions(await sendJson({ path, ...content }, call));
  };

  return {
    predict: ((first: unknown, second: unknown, third?: ModelOptions) =>
      typeof first === 'string'
        ? predict(`${modelPath(paths.models, first, third?.version)}${paths.predictions}`, second, third)
        : predict(paths.predictions, first, second as CallOptions | undefined)) as Client<M>['predict'],

    models: async (call) => (await get<ModelList>(paths.models, call)).models,
    model: (name, call) => get(modelPath(paths.models, name, call?.version), call),
    ready: (call) =>
      orWithout(get(paths.ready, call, [503]), async () => {
        const { status } = await send({ path: inferenceReady, accept: [503] }, call);
        return { status: status === 503 ? 'not ready' : 'ready', checks: [] };
      }),
    live: (call) =>
      orWithout(get(paths.live, call), async () => {
        await send({ path: inferenceLive }, call);
        return { status: 'live' };
      }),

    infer: async (model, request, call) =>
      readInference(
        await send(
          inferRequest(`${modelPath(inferencePath, model, call?.version)}/infer`, request, call?.binary === true),
          call,
        ),
      ),
    metadata: (model, call) => get(modelPath(inferencePath, model, call?.version), call),
    modelReady: async (model, call) =>
      (await send({ path: `${modelPath(inferencePath, model, call?.version)}/ready`, accept: [503] }, call)).status !==
      503,
    serverMetadata: (call) => get(paths.inference, call),

    request: (path, call) => {
      if (call?.body === undefined) return get(path, call);
      const { body, contentType = jsonContent['content-type'] } = call;
      return sendJson(
        { path, body: body as NonNullable<ServiceRequest['body']>, headers: { 'content-type': contentType } },
        call,
      );
    },
  };
}
