import type { Model } from '../../onnx/model.ts';
import { paths } from '../contract/index.ts';
import type { LoadedEntry } from '../inference/repository.ts';
import { modelSchemas, predictionsOperation, schemaNames, type SchemaNames } from './openapi-predictions.ts';
import { getOperation, jsonResponse, sharedSchemas } from './openapi-shared.ts';
import { ref, type Json } from './schemas.ts';

export interface OpenApiOptions {
  /** What is loaded, every version. */
  readonly loaded: readonly LoadedEntry[];
  /** What a request gets that names this model and no version; undefined where that is not loaded. */
  readonly defaultVersion: (name: string) => Model | undefined;
  /** The model of `POST /predictions`; undefined where there is none, or it is not loaded. */
  readonly defaultModel: Model | undefined;
  readonly strictRanges: boolean;
  readonly needsKey: boolean;
}

/** The OpenAPI 3.1 document of the service as it is configured now. For `stringifyJson`. */
export function openApi(options: OpenApiOptions): Json {
  const { loaded, defaultVersion, defaultModel, strictRanges, needsKey } = options;
  const models = loaded.map(({ model, name }) => ({ model, name, isDefault: defaultVersion(name) === model }));
  const names = schemaNames(models);
  const only = models.length === 1 ? models[0]?.model.signature : undefined;
  return {
    openapi: '3.1.0',
    info: {
      title: only ? `${only.name} predictions` : 'Predictions',
      version: only?.version ?? '0',
      ...(only?.description !== undefined && { description: only.description }),
    },
    servers: [{ url: '/' }],
    // Of the routes that do not say otherwise.
    security: needsKey ? [{ apiKey: [] }] : [],
    tags: [...new Set(['predictions', ...models.map(({ name }) => name), 'models', 'operations'])].map((name) => ({ name })),
    paths: {
      ...(defaultModel && { [paths.predictions]: { post: predictionsOperation(defaultModel, namesOf(names, defaultModel), 'predict', 'predictions', needsKey) } }),
      ...Object.fromEntries(models.flatMap(({ model, name, isDefault }) => {
        const schemas = namesOf(names, model);
        const path = `${paths.models}/${encodeURIComponent(name)}`;
        const operation = (id: string): Json => ({ post: predictionsOperation(model, schemas, `predict${schemas.features.replace(/Features$/, '')}${id}`, name, needsKey) });
        return [
          ...(isDefault ? [[`${path}${paths.predictions}`, operation('')] as const] : []),
          [`${path}/versions/${encodeURIComponent(model.signature.version)}${paths.predictions}`, operation('Version')] as const,
        ];
      })),
      ...modelPaths(models.map(({ model }) => model), needsKey),
      ...operationPaths,
    },
    components: {
      schemas: { ...sharedSchemas, ...Object.assign({}, ...models.map(({ model }) => modelSchemas(model, namesOf(names, model), strictRanges))) as Json },
      ...(needsKey && { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

function namesOf(names: ReadonlyMap<Model, SchemaNames>, model: Model): SchemaNames {
  const found = names.get(model);
  if (!found) throw new RangeError(`the model ${model.signature.name} is not in the document`);
  return found;
}

function modelPaths(models: readonly Model[], needsKey: boolean): Json {
  const parameter = (name: string, values: readonly string[]): Json => ({
    name, in: 'path', required: true, schema: { type: 'string', ...(values.length > 0 && { enum: [...new Set(values)] }) },
  });
  const name = parameter('name', models.map(({ signature }) => signature.name));
  const version = parameter('version', models.map(({ signature }) => signature.version));
  const key = needsKey ? [401] : [];
  return {
    [paths.models]: { get: getOperation('listModels', 'models', 'The models that are served', 'Models', key) },
    [`${paths.models}/{name}`]: { get: { ...getOperation('getModel', 'models', 'What one model takes and gives', 'Model', [...key, 404, 503]), parameters: [name] } },
    [`${paths.models}/{name}/versions/{version}`]: { get: {
      ...getOperation('getModelVersion', 'models', 'What one version of a model takes and gives', 'Model', [...key, 404, 503]), parameters: [name, version],
    } },
  };
}

const OPEN: Json = { security: [] };

const operationPaths: Json = {
  [paths.live]: { get: { ...getOperation('live', 'operations', 'Whether the process answers', 'Health', []), ...OPEN } },
  [paths.ready]: { get: {
    ...getOperation('ready', 'operations', 'Whether every model has just reproduced its examples', 'Health', []),
    ...OPEN,
    responses: { 200: jsonResponse('Ready', ref('Health')), 503: jsonResponse('Not ready: a check says why', ref('Health')) },
  } },
  [paths.metrics]: { get: {
    operationId: 'metrics', tags: ['operations'], summary: 'Metrics for Prometheus', ...OPEN,
    responses: { 200: { description: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } } },
  } },
};
