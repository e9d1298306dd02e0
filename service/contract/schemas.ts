/**
 * The JSON Schemas of the HTTP API's bodies that are the same for every model. They are the only statement of these
 * bodies: the OpenAPI document contains them, and the types in `api.ts` and `inference.ts` are derived from them.
 *
 * They are plain constants rather than the schemas of a library, because `infra/`, `cli/` and `client/` import this
 * folder: it must cost them nothing. Requests are not validated against them: what a request may contain depends on the
 * model, and its messages name rows and units (`protocol/`).
 */
import type { DType } from '../../onnx/engine/engine.ts';
import type { TaskName } from '../../onnx/signature/model-json.ts';
import { decodeSchemas } from './decode-schemas.ts';

/** Returns a reference to a schema of the OpenAPI document. */
export const ref = <const Name extends string>(name: Name) =>
  ({ $ref: `#/components/schemas/${name}` }) as { readonly $ref: `#/components/schemas/${Name}` };

const text = { type: 'string' } as const;

const verification = {
  verified: { type: 'boolean', description: 'Whether the readiness check reproduces examples of the model.' },
  not_verified: {
    type: 'string',
    description:
      'Why the model is not verified. Without examples, it is served anyway, unless its model.json requires them.',
  },
} as const;

/** The properties that every version of a model has in `GET /models`. */
const listed = {
  name: text,
  version: text,
  default: {
    type: 'boolean',
    description: 'Whether a request that names the model but no version uses this version, which is the highest.',
  },
} as const;

/** Schemas of the API of named features, of health checks and of errors. */
export const apiSchemas = {
  Number: {
    description: 'JSON has no NaN and no infinities: they are strings.',
    oneOf: [{ type: 'number' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }],
  },
  Issue: {
    type: 'object',
    description: 'One invalid place in the input.',
    required: ['pointer', 'detail'],
    properties: {
      pointer: {
        type: 'string',
        description: 'A JSON Pointer as a URI fragment (RFC 6901), such as `#/1/petal_width`.',
      },
      detail: text,
      value: { description: 'The value at this place, shortened.' },
      expected: text,
    },
  },
  Problem: {
    type: 'object',
    description: 'The body of every error (RFC 9457).',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: {
        type: 'string',
        description: '`urn:problem-type:rhizome:` followed by a code, such as `invalid-input`.',
      },
      title: text,
      status: { type: 'integer' },
      detail: text,
      errors: { type: 'array', items: ref('Issue'), description: 'For `invalid-input`: every invalid field.' },
    },
  },
  Check: {
    type: 'object',
    description: 'A condition for readiness.',
    required: ['name', 'ok', 'detail'],
    properties: {
      name: text,
      ok: { type: 'boolean' },
      detail: text,
      final: {
        type: 'boolean',
        const: true,
        description: 'The check fails until the process is restarted: waiting does not help.',
      },
    },
  },
  Health: {
    type: 'object',
    required: ['status'],
    properties: {
      status: { type: 'string', enum: ['live', 'ready', 'not ready'] },
      checks: { type: 'array', items: ref('Check'), description: 'Absent from `GET /livez`.' },
    },
  },
  Models: {
    type: 'object',
    required: ['models'],
    properties: {
      default: {
        type: 'string',
        description:
          'The model that `POST /predictions` uses. Absent if there are several models and DEFAULT_MODEL names none.',
      },
      models: { type: 'array', items: ref('ListedModel') },
    },
  },
  ListedModel: {
    description: 'One version of a model.',
    oneOf: [
      {
        type: 'object',
        required: ['name', 'version', 'default', 'state'],
        properties: { ...listed, state: { type: 'string', const: 'loading' } },
      },
      {
        type: 'object',
        required: ['name', 'version', 'default', 'state', 'reason'],
        properties: { ...listed, state: { type: 'string', const: 'failed' }, reason: text },
      },
      {
        type: 'object',
        required: ['name', 'version', 'default', 'state', 'task', 'verified', 'load_seconds'],
        properties: {
          ...listed,
          state: { type: 'string', const: 'loaded' },
          task: ref('Task'),
          ...verification,
          load_seconds: { type: 'number' },
        },
      },
    ],
  },
  Task: {
    type: 'string',
    enum: ['classifier', 'regressor', 'anomaly-detector', 'tensors'] satisfies readonly TaskName[],
  },
  Model: {
    type: 'object',
    description: "A model's inputs and outputs, as its author describes them.",
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
      'serving',
    ],
    properties: {
      name: text,
      version: text,
      description: text,
      task: ref('Task'),
      ...verification,
      features: { type: 'array', items: ref('Feature') },
      classes: { type: 'array', items: text, description: 'Only for a classifier.' },
      inputs: {
        type: 'array',
        items: ref('Tensor'),
        description: "The graph's input tensors, which the Open Inference Protocol uses.",
      },
      outputs: {
        type: 'array',
        items: ref('Tensor'),
        description: "The graph's output tensors, which the Open Inference Protocol uses.",
      },
      input_schema: {
        type: 'object',
        description: "JSON Schema (2020-12) of one row of a request for the model's predictions.",
      },
      example: ref('Example'),
      metrics: ref('Metrics'),
      examples: { type: 'array', items: ref('Example') },
      serving: ref('Serving'),
    },
  },
  Serving: {
    type: 'object',
    description: 'How the service runs the model, as measured when it was loaded, or as set.',
    required: [
      'placement',
      'max_batch',
      'max_delay_ms',
      'max_rows',
      'max_body_bytes',
      'max_queue_rows',
      'max_queue_bytes',
      'runs',
    ],
    properties: {
      placement: {
        type: 'string',
        enum: ['event-loop', 'process'],
        description: "Where it runs: in the service's own thread, or in a process of its own.",
      },
      max_batch: {
        type: 'integer',
        description:
          'The most rows of one run. Rows of several requests share a run, unless `not_batched` says why not.',
      },
      not_batched: { type: 'string', description: 'Why each request has a run of its own.' },
      max_delay_ms: { type: 'number', description: 'How long a request may wait for others to share its run.' },
      max_rows: {
        type: 'integer',
        description: 'The most rows of one request for predictions. More are refused with 413.',
      },
      max_body_bytes: {
        type: 'integer',
        description: 'The most bytes of the body of one request. Larger ones are refused with 413.',
      },
      max_queue_rows: { type: 'integer', description: 'The most rows that may wait. More are refused with 503.' },
      max_queue_bytes: { type: 'integer', description: 'The most bytes that may wait. More are refused with 503.' },
      runs: {
        type: 'array',
        description: 'The measured time of runs. Empty if the model could not be measured.',
        items: {
          type: 'object',
          required: ['rows', 'milliseconds'],
          properties: { rows: { type: 'integer' }, milliseconds: { type: 'number' } },
        },
      },
    },
  },
  Feature: {
    type: 'object',
    required: ['name', 'dtype', 'shape'],
    properties: {
      name: text,
      dtype: ref('DType'),
      shape: ref('Shape'),
      description: text,
      unit: text,
      range: {
        type: 'array',
        minItems: 2,
        maxItems: 2,
        items: { type: 'number' },
        description: 'The lowest and the highest value that the model is meant for, in `unit`.',
      },
      choices: { type: 'array', items: text, description: 'The texts that the model knows.' },
      nullable: { type: 'boolean', description: 'Whether null is a missing value, which the model gets as NaN.' },
      optional: {
        type: 'boolean',
        description: 'Whether a row may leave it out, together with the other columns of its input.',
      },
      sequence: {
        type: 'boolean',
        description: 'Whether it is an array of tensors, whose shapes may differ. The first dimension counts them.',
      },
      decode: {
        type: 'object',
        description:
          'What makes the tensor. `image`: a request has a JPEG, PNG or WebP in its place; in JSON, as base64. ' +
          '`tokens`: a request has a text.',
        properties: { image: ref('ImageDecode'), tokens: ref('TokensDecode') },
      },
    },
  },
  ...decodeSchemas,
  Tensor: {
    type: 'object',
    required: ['name', 'dtype', 'shape'],
    properties: {
      name: text,
      dtype: ref('DType'),
      shape: ref('Shape'),
      optional: {
        type: 'boolean',
        description: 'Whether a request may leave this input out, or a response this output.',
      },
      sequence: {
        type: 'boolean',
        description: 'Whether it is a sequence of tensors, whose shapes may differ. The first dimension counts them.',
      },
      decimals: { type: 'integer', description: 'To how many digits after the point the numbers are rounded.' },
    },
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
    ] satisfies readonly DType[],
  },
  Shape: {
    type: 'array',
    description: 'A dynamic dimension is its symbol, or "" if it has none. [] is a single value.',
    items: { type: ['integer', 'string'] },
  },
  Example: {
    type: 'object',
    description: 'A recorded input and its prediction, or a generated input without a prediction.',
    required: ['input'],
    properties: { input: { type: 'object' } },
  },
  Metrics: { type: 'object', description: 'By name, as the author of the model measured them.' },
} as const;
