import { integerSchemas, ref, type Json } from '../protocol/json-schemas.ts';

/** Schemas that are the same for every model. */
export const sharedSchemas: Json = {
  Number: {
    description: 'What JSON has no number for is spelt out.',
    oneOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  },
  Nested: {
    description: 'Nested arrays, whose depth the model does not declare.',
    type: 'array',
    items: { anyOf: [{ type: ['number', 'string', 'boolean'] }, ref('Nested')] },
  },
  Issue: {
    type: 'object',
    required: ['pointer', 'detail'],
    properties: {
      pointer: { type: 'string', description: 'JSON Pointer as a URI fragment (RFC 6901)' },
      detail: { type: 'string' },
      value: {},
      expected: { type: 'string' },
    },
  },
  Problem: {
    type: 'object',
    description: 'RFC 9457',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string' },
      errors: { type: 'array', items: ref('Issue') },
    },
  },
  Health: {
    type: 'object',
    required: ['status'],
    properties: {
      status: { type: 'string', enum: ['live', 'ready', 'not ready'] },
      checks: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'ok', 'detail'],
          properties: {
            name: { type: 'string' },
            ok: { type: 'boolean' },
            detail: { type: 'string' },
            final: { type: 'boolean', description: 'Waiting does not change it.' },
          },
        },
      },
    },
  },
  Models: {
    type: 'object',
    required: ['models'],
    properties: {
      default: { type: 'string', description: 'The model that POST /predictions is for.' },
      models: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'version', 'state', 'default'],
          properties: {
            name: { type: 'string' },
            version: { type: 'string' },
            default: { type: 'boolean', description: 'Whether a request that names no version gets this one.' },
            state: { type: 'string', enum: ['loading', 'failed', 'loaded'] },
            reason: { type: 'string' },
            task: ref('Task'),
            verified: { type: 'boolean', description: 'Whether readiness reproduces examples of it.' },
            load_seconds: { type: 'number' },
          },
        },
      },
    },
  },
  Task: { type: 'string', enum: ['classifier', 'regressor', 'anomaly-detector', 'tensors'] },
  Model: {
    type: 'object',
    required: [
      'name',
      'version',
      'task',
      'verified',
      'features',
      'inputs',
      'outputs',
      'input_schema',
      'metrics',
      'examples',
    ],
    properties: {
      name: { type: 'string' },
      version: { type: 'string' },
      description: { type: 'string' },
      task: ref('Task'),
      verified: { type: 'boolean' },
      features: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'dtype', 'shape'],
          properties: {
            name: { type: 'string' },
            dtype: ref('DType'),
            shape: ref('Shape'),
            description: { type: 'string' },
            unit: { type: 'string' },
            range: { type: 'array', minItems: 2, maxItems: 2, items: { type: 'number' } },
          },
        },
      },
      classes: { type: 'array', items: { type: 'string' } },
      inputs: { type: 'array', items: ref('Tensor') },
      outputs: { type: 'array', items: ref('Tensor') },
      input_schema: { type: 'object', description: 'JSON Schema, 2020-12, of one row for its predictions.' },
      example: ref('Example'),
      metrics: { type: 'object' },
      examples: { type: 'array', items: ref('Example') },
    },
  },
  Tensor: {
    type: 'object',
    required: ['name', 'dtype', 'shape'],
    properties: { name: { type: 'string' }, dtype: ref('DType'), shape: ref('Shape') },
  },
  DType: {
    type: 'string',
    enum: [
      'float16',
      'float32',
      'float64',
      'int8',
      'int16',
      'int32',
      'int64',
      'uint8',
      'uint16',
      'uint32',
      'uint64',
      'bool',
      'string',
    ],
  },
  Shape: {
    type: 'array',
    description: 'A dynamic dimension is its symbol, or "" where it has none.',
    items: { type: ['integer', 'string'] },
  },
  Example: { type: 'object', required: ['input'], properties: { input: { type: 'object' } } },
  ...integerSchemas,
};

const REASONS: Readonly<Record<number, string>> = {
  400: 'The body is not JSON',
  401: 'The API key is missing or wrong',
  404: 'There is no such model',
  413: 'The body is too large',
  415: 'The body is not declared as JSON',
  422: 'A field is wrong',
  503: 'Not ready, or shutting down',
  504: 'The model did not answer in time',
};

export function problemResponses(statuses: readonly number[]): Json {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: REASONS[status],
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    ]),
  );
}

export function getOperation(
  operationId: string,
  tag: string,
  summary: string,
  schema: string,
  problems: readonly number[],
): Json {
  return {
    operationId,
    tags: [tag],
    summary,
    responses: { 200: jsonResponse(summary, ref(schema)), ...problemResponses(problems) },
  };
}

export function jsonResponse(description: string, schema: Json): Json {
  return { description, content: { 'application/json': { schema } } };
}
