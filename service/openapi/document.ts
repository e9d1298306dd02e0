import type { Model } from '../../onnx/model.ts';
import { paths, version } from '../contract/index.ts';
import type { LoadedEntry } from '../inference/repository/entry.ts';
import { documentedModels, eachModel, parameters, type DocumentedModel } from './models.ts';
import { predictionSchemas, predictionsOperation } from './predictions.ts';
import { sharedSchemas } from './components.ts';
import { inferencePaths, inferenceTag, inferSchemas } from './inference.ts';
import { getOperation, jsonResponse } from './responses.ts';
import { ref } from '../contract/schemas.ts';
import { hasAny, requirements, schemes, securityErrors, type Security } from './security.ts';
import type { Json } from '../protocol/json-schemas.ts';

export interface OpenApiOptions {
  /** Every loaded version of every model. */
  readonly loaded: readonly LoadedEntry[];
  /** Returns the version of a model for requests that name no version; undefined if it is not loaded. */
  readonly defaultVersion: (name: string) => Model | undefined;
  /** The model of `POST /predictions`; undefined if there is none, or if it is not loaded. */
  readonly defaultModel: Model | undefined;
  readonly strictRanges: boolean;
  readonly security: Security;
  /** Whether the port that this document is about serves probes and metrics. */
  readonly publicProbes: boolean;
}

/**
 * Returns the OpenAPI 3.1 document of the models that are loaded now. It contains bigints: write it with
 * `stringifyJson`.
 */
export function openApi({
  loaded,
  defaultVersion,
  defaultModel,
  strictRanges,
  security,
  publicProbes,
}: OpenApiOptions): Json {
  const models = documentedModels(
    loaded.map(({ model }) => model),
    defaultVersion,
  );
  const byDefault = models.find(({ model }) => model === defaultModel);
  const only = models.length === 1 ? models[0]?.model.signature : undefined;
  return {
    openapi: '3.1.0',
    info: {
      title: only ? `${only.name} predictions` : 'Predictions',
      version: only?.version ?? version,
      ...(only?.description !== undefined && { description: only.description }),
    },
    servers: [{ url: '/' }],
    // The default for routes without their own `security`.
    security: requirements(security),
    tags: [
      ...new Set([
        ...(byDefault ? ['predictions'] : []),
        ...models.map(({ model }) => model.signature.name),
        'models',
        inferenceTag,
        ...(publicProbes ? ['operations'] : []),
      ]),
    ].map((name) => ({ name })),
    paths: {
      ...(byDefault && {
        [paths.predictions]: { post: predictionsOperation(byDefault, 'predict', 'predictions', security) },
      }),
      ...eachModel(models, paths.models, paths.predictions, (model, suffix) => ({
        post: predictionsOperation(model, `predict${model.id}${suffix}`, model.model.signature.name, security),
      })),
      ...modelPaths(models, security),
      ...inferencePaths(models, security),
      ...(publicProbes && operationPaths),
    },
    components: {
      schemas: Object.assign(
        {},
        sharedSchemas(publicProbes),
        ...models.flatMap((model) => [predictionSchemas(model, strictRanges), inferSchemas(model)]),
      ) as Json,
      ...(hasAny(security) && { securitySchemes: schemes(security) }),
    },
  };
}

function modelPaths(models: readonly DocumentedModel[], security: Security): Json {
  const { name, version: ofModel } = parameters(models);
  const key = securityErrors(security);
  return {
    [paths.models]: { get: getOperation('listModels', 'models', 'List the models and their versions', 'Models', key) },
    [`${paths.models}/{name}`]: {
      get: {
        ...getOperation('getModel', 'models', 'Describe the inputs and outputs of a model', 'Model', [
          ...key,
          'model-not-found',
          'model-not-ready',
          'shutting-down',
        ]),
        parameters: [name],
      },
    },
    [`${paths.models}/{name}/versions/{version}`]: {
      get: {
        ...getOperation(
          'getModelVersion',
          'models',
          'Describe the inputs and outputs of one version of a model',
          'Model',
          [...key, 'model-not-found', 'model-not-ready', 'shutting-down'],
        ),
        parameters: [name, ofModel],
      },
    },
  };
}

const OPEN: Json = { security: [] };

const operationPaths: Json = {
  [paths.live]: {
    get: { ...getOperation('live', 'operations', 'Check whether the process responds', 'Health', []), ...OPEN },
  },
  [paths.ready]: {
    get: {
      ...getOperation(
        'ready',
        'operations',
        'Check whether every model has just reproduced its examples',
        'Health',
        [],
      ),
      ...OPEN,
      responses: {
        200: jsonResponse('Ready', ref('Health')),
        503: jsonResponse('Not ready. The failed checks say why.', ref('Health')),
      },
    },
  },
  [paths.metrics]: {
    get: {
      operationId: 'metrics',
      tags: ['operations'],
      summary: 'Get the metrics for Prometheus',
      ...OPEN,
      responses: {
        200: { description: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } },
      },
    },
  },
};
