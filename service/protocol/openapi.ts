import type { DType } from '../../onnx/engine/engine.ts';
import type { Feature } from '../../onnx/features.ts';
import type { Signature } from '../../onnx/signature.ts';
import { paths } from '../contract/index.ts';

type Json = Readonly<Record<string, unknown>>;

export interface OpenApiOptions {
  /** The model of `POST /predictions`; undefined where none is loaded. */
  readonly signature: Signature | undefined;
  readonly strictRanges: boolean;
  readonly needsKey: boolean;
}

/** The OpenAPI 3.1 document of the service as it is configured now. */
export function openApi({ signature, strictRanges, needsKey }: OpenApiOptions): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: signature ? `${signature.name} predictions` : 'Predictions',
      version: signature?.version ?? '0',
      ...(signature?.description !== undefined && { description: signature.description }),
    },
    servers: [{ url: '/' }],
    // Of the routes that do not say otherwise.
    security: needsKey ? [{ apiKey: [] }] : [],
    tags: [{ name: 'predictions' }, { name: 'models' }, { name: 'operations' }],
    paths: {
      ...(signature && { [paths.predictions]: { post: predictionsOperation(signature, needsKey) } }),
      [paths.models]: { get: getOperation('listModels', 'models', 'The models that are served', 'Models') },
      [`${paths.models}/{name}`]: { get: {
        ...getOperation('getModel', 'models', 'What one model takes and gives', 'Model', [404, 503]),
        parameters: [{
          name: 'name', in: 'path', required: true, schema: { type: 'string' },
          ...(signature && { example: signature.name }),
        }],
      } },
      [paths.live]: { get: { ...getOperation('live', 'operations', 'Whether the process answers', 'Health'), ...OPEN } },
      [paths.ready]: { get: {
        ...getOperation('ready', 'operations', 'Whether every model has just reproduced its examples', 'Health'),
        ...OPEN,
        responses: { 200: jsonResponse('Ready', ref('Health')), 503: jsonResponse('Not ready: a check says why', ref('Health')) },
      } },
      [paths.metrics]: { get: {
        operationId: 'metrics', tags: ['operations'], summary: 'Metrics for Prometheus', ...OPEN,
        responses: { 200: { description: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } } },
      } },
    },
    components: {
      schemas: { ...sharedSchemas, ...(signature && modelSchemas(signature, strictRanges)) },
      ...(needsKey && { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } }),
    },
  };
}

const OPEN: Json = { security: [] };

function predictionsOperation(signature: Signature, needsKey: boolean): Json {
  const { features, prediction } = schemaNames(signature);
  const { name, version } = signature;
  const answers = signature.examples.map(({ prediction: answer, probabilities }) => ({ prediction: answer, probabilities, model: { name, version } }));
  const [first, ...others] = signature.examples.map(({ input }) => input);
  const examples = first && { examples: {
    one: { summary: 'One row', value: first },
    ...(others.length > 0 && { batch: { summary: 'Several rows', value: [first, ...others] } }),
  } };
  return {
    operationId: 'predict',
    tags: ['predictions'],
    summary: `Predicts with the model ${signature.name}`,
    description: 'Takes one object and answers one, or takes an array and answers an array in the same order.',
    requestBody: { required: true, content: { 'application/json': { schema: oneOrMany(features), ...examples } } },
    responses: {
      200: { description: 'One prediction a row', content: { 'application/json': {
        schema: oneOrMany(prediction),
        ...(answers.length > 0 && { examples: { one: { value: answers[0] }, batch: { value: answers } } }),
      } } },
      ...problemResponses([400, ...(needsKey ? [401] : []), 413, 415, 422, 503]),
    },
  };
}

function modelSchemas(signature: Signature, strictRanges: boolean): Json {
  const { name, version, features, output } = signature;
  const names = schemaNames(signature);
  const probabilities = output.task === 'classifier' && output.probabilities !== undefined && {
    type: 'object',
    additionalProperties: false,
    required: output.classes,
    properties: Object.fromEntries(output.classes.map((label) => [label, ref('Number')])),
  };
  return {
    [names.features]: {
      type: 'object',
      additionalProperties: false,
      required: features.map((feature) => feature.name),
      properties: Object.fromEntries(features.map((feature) => [feature.name, featureSchema(feature, strictRanges, signature.examples[0]?.input[feature.name])])),
    },
    [names.prediction]: {
      type: 'object',
      required: ['prediction', 'model', ...(probabilities ? ['probabilities'] : [])],
      properties: {
        prediction: output.task === 'classifier' ? { type: 'string', enum: output.classes } : ref('Number'),
        ...(probabilities && { probabilities }),
        model: {
          type: 'object', required: ['name', 'version'],
          properties: { name: { type: 'string', const: name }, version: { type: 'string', const: version } },
        },
        warnings: { type: 'array', items: ref('Issue'), description: 'Values outside their valid range.' },
      },
    },
  };
}

function featureSchema({ dtype, description, unit, range }: Feature, strictRanges: boolean, example: unknown): Json {
  const notes = [description, unit && `In ${unit}.`, range && `Valid from ${range[0]} to ${range[1]}.`].filter(Boolean).join(' ');
  return {
    ...JSON_TYPES[dtype],
    ...(notes && { description: notes }),
    ...(unit && { 'x-unit': unit }),
    ...(range && { 'x-valid-range': range }),
    ...(range && strictRanges && { minimum: range[0], maximum: range[1] }),
    ...(example !== undefined && { examples: [example] }),
  };
}

const FLOAT32_MAX = (2 - 2 ** -23) * 2 ** 127;
const JSON_TYPES: Readonly<Record<DType, Json>> = {
  float16: { type: 'number', minimum: -65504, maximum: 65504 },
  float32: { type: 'number', format: 'float', minimum: -FLOAT32_MAX, maximum: FLOAT32_MAX },
  float64: { type: 'number', format: 'double' },
  int8: { type: 'integer', minimum: -128, maximum: 127 },
  int16: { type: 'integer', minimum: -32768, maximum: 32767 },
  int32: { type: 'integer', format: 'int32', minimum: -2147483648, maximum: 2147483647 },
  int64: { type: 'integer', format: 'int64', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  uint8: { type: 'integer', minimum: 0, maximum: 255 },
  uint16: { type: 'integer', minimum: 0, maximum: 65535 },
  uint32: { type: 'integer', minimum: 0, maximum: 4294967295 },
  uint64: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  bool: { type: 'boolean' },
  string: { type: 'string' },
};

const sharedSchemas: Json = {
  Number: {
    description: 'What JSON has no number for is spelt out.',
    oneOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  },
  Issue: {
    type: 'object', required: ['pointer', 'detail'],
    properties: { pointer: { type: 'string' }, detail: { type: 'string' }, value: {}, expected: { type: 'string' } },
  },
  Problem: {
    type: 'object', description: 'RFC 9457', required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { type: 'string' }, title: { type: 'string' }, status: { type: 'integer' }, detail: { type: 'string' },
      errors: { type: 'array', items: { $ref: '#/components/schemas/Issue' } },
    },
  },
  Health: {
    type: 'object', required: ['status'],
    properties: {
      status: { type: 'string', enum: ['live', 'ready', 'not ready'] },
      checks: { type: 'array', items: {
        type: 'object', required: ['name', 'ok', 'detail'],
        properties: { name: { type: 'string' }, ok: { type: 'boolean' }, detail: { type: 'string' }, final: { type: 'boolean', description: 'Waiting does not change it.' } },
      } },
    },
  },
  Models: {
    type: 'object', required: ['models'],
    properties: { models: { type: 'array', items: {
      type: 'object', required: ['name', 'state'],
      properties: {
        name: { type: 'string' }, version: { type: 'string' }, state: { type: 'string', enum: ['loading', 'failed', 'loaded'] },
        reason: { type: 'string' }, task: { type: 'string' }, verified: { type: 'boolean' }, load_seconds: { type: 'number' },
      },
    } } },
  },
  Model: {
    type: 'object', required: ['name', 'version', 'task', 'features'],
    properties: {
      name: { type: 'string' }, version: { type: 'string' }, description: { type: 'string' },
      task: { type: 'string', enum: ['classifier', 'regressor'] },
      features: { type: 'array', items: { type: 'object' } }, classes: { type: 'array', items: { type: 'string' } },
      metrics: { type: 'object' }, examples: { type: 'array', items: { type: 'object' } },
    },
  },
};

function getOperation(operationId: string, tag: string, summary: string, schema: string, problems: readonly number[] = []): Json {
  return { operationId, tags: [tag], summary, responses: { 200: jsonResponse(summary, ref(schema)), ...problemResponses(problems) } };
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'The body is not JSON', 401: 'The API key is missing or wrong', 404: 'There is no such model', 413: 'The body is too large',
  415: 'The body is not declared as JSON', 422: 'A field is wrong', 503: 'Not ready, not in time, or shutting down',
};

function problemResponses(statuses: readonly number[]): Json {
  return Object.fromEntries(statuses.map((status) => [status, {
    description: REASONS[status], content: { 'application/problem+json': { schema: ref('Problem') } },
  }]));
}

function jsonResponse(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } };
}

function oneOrMany(schema: string): Json {
  return { oneOf: [ref(schema), { type: 'array', minItems: 1, items: ref(schema) }] };
}

function ref(schema: string): Json {
  return { $ref: `#/components/schemas/${schema}` };
}

function schemaNames({ name }: Signature): { features: string; prediction: string } {
  const pascal = name.split(/[^a-zA-Z0-9]+/).map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('');
  return { features: `${pascal}Features`, prediction: `${pascal}Prediction` };
}
