import { ref } from './schemas.ts';

const text = { type: 'string' } as const;
const count = { type: 'integer', minimum: 0 } as const;
const dims = {
  type: 'array',
  items: { type: 'integer', minimum: -1 },
  description: 'Without the dimension of rows if max_batch_size is not 0. -1 is a dimension of any length.',
} as const;

/** The JSON Schemas of the Open Inference Protocol's bodies that are the same for every model. See `schemas.ts`. */
export const inferenceSchemas = {
  V2Server: {
    type: 'object',
    required: ['name', 'version', 'extensions'],
    properties: { name: text, version: text, extensions: { type: 'array', items: text } },
  },
  V2Health: {
    type: 'object',
    required: ['live'],
    properties: { live: { type: 'boolean' }, ready: { type: 'boolean' } },
  },
  V2Model: {
    type: 'object',
    required: ['name', 'versions', 'platform', 'inputs', 'outputs'],
    properties: {
      name: text,
      versions: { type: 'array', items: text, description: 'Every version that is served.' },
      platform: text,
      inputs: { type: 'array', items: ref('V2Tensor') },
      outputs: { type: 'array', items: ref('V2Tensor') },
    },
  },
  V2Tensor: {
    type: 'object',
    required: ['name', 'datatype', 'shape'],
    properties: {
      name: text,
      datatype: ref('V2Datatype'),
      shape: {
        type: 'array',
        items: { type: 'integer', minimum: -1 },
        description: '-1 is a dimension of any length.',
      },
      parameters: {
        type: 'object',
        properties: {
          sequence: {
            type: 'boolean',
            description:
              'Whether it is a sequence. The first dimension counts its tensors, whose shapes may differ: they are ' +
              'called `NAME_0`, `NAME_1`, and so on, unless one tensor stacks them.',
          },
          optional: {
            type: 'boolean',
            description: 'Whether a request may leave this input out, or a response this output.',
          },
        },
      },
    },
  },
  V2Datatype: {
    type: 'string',
    enum: [
      'FP16',
      'FP32',
      'FP64',
      'INT8',
      'INT16',
      'INT32',
      'INT64',
      'UINT8',
      'UINT16',
      'UINT32',
      'UINT64',
      'BOOL',
      'BYTES',
    ],
  },
  V2ModelConfig: {
    type: 'object',
    description: 'The configuration of a model, with the names that Triton gives it.',
    required: ['name', 'platform', 'backend', 'version_policy', 'max_batch_size', 'input', 'output', 'instance_group'],
    properties: {
      name: text,
      platform: text,
      backend: text,
      version_policy: {
        type: 'object',
        description: 'Every version is served.',
        required: ['all'],
        properties: { all: { type: 'object' } },
      },
      max_batch_size: {
        ...count,
        description:
          'The most rows of one run, if the rows of several requests may share one; otherwise 0. ' +
          'A request with more rows is run in several parts.',
      },
      input: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'data_type', 'format', 'dims', 'optional'],
          properties: {
            name: text,
            data_type: ref('V2ConfigDatatype'),
            format: { type: 'string', const: 'FORMAT_NONE' },
            dims,
            optional: { type: 'boolean', description: 'Whether a request may leave the input out.' },
          },
        },
      },
      output: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'data_type', 'dims'],
          properties: { name: text, data_type: ref('V2ConfigDatatype'), dims },
        },
      },
      dynamic_batching: {
        type: 'object',
        description: 'How rows of several requests share a run. Missing if they do not.',
        required: ['preferred_batch_size', 'max_queue_delay_microseconds'],
        properties: {
          preferred_batch_size: { type: 'array', items: count },
          max_queue_delay_microseconds: { ...count, description: 'How long a request waits for others.' },
        },
      },
      instance_group: {
        type: 'array',
        items: {
          type: 'object',
          required: ['name', 'kind', 'count'],
          properties: { name: text, kind: { type: 'string', const: 'KIND_CPU' }, count },
        },
      },
    },
  },
  V2ConfigDatatype: {
    type: 'string',
    enum: [
      'TYPE_FP16',
      'TYPE_FP32',
      'TYPE_FP64',
      'TYPE_INT8',
      'TYPE_INT16',
      'TYPE_INT32',
      'TYPE_INT64',
      'TYPE_UINT8',
      'TYPE_UINT16',
      'TYPE_UINT32',
      'TYPE_UINT64',
      'TYPE_BOOL',
      'TYPE_STRING',
    ],
  },
  V2Statistics: {
    type: 'object',
    required: ['model_stats'],
    properties: { model_stats: { type: 'array', items: ref('V2ModelStatistics') } },
  },
  V2ModelStatistics: {
    type: 'object',
    description: 'What this replica has done with a version of a model since it was loaded.',
    required: [
      'name',
      'version',
      'last_inference',
      'inference_count',
      'execution_count',
      'inference_stats',
      'batch_stats',
    ],
    properties: {
      name: text,
      version: text,
      last_inference: {
        ...count,
        description: 'When the model last ran, in milliseconds since 1970; 0 if it did not.',
      },
      inference_count: { ...count, description: 'The rows that the model has run.' },
      execution_count: { ...count, description: 'The runs of the model. A run may have rows of several requests.' },
      inference_stats: {
        type: 'object',
        required: [
          'success',
          'fail',
          'queue',
          'compute_input',
          'compute_infer',
          'compute_output',
          'cache_hit',
          'cache_miss',
        ],
        properties: {
          success: ref('V2Duration'),
          fail: ref('V2Duration'),
          queue: ref('V2Duration'),
          compute_input: ref('V2Duration'),
          compute_infer: ref('V2Duration'),
          compute_output: ref('V2Duration'),
          cache_hit: ref('V2Duration'),
          cache_miss: ref('V2Duration'),
        },
      },
      batch_stats: {
        type: 'array',
        description: 'The runs by their number of rows.',
        items: {
          type: 'object',
          required: ['batch_size', 'compute_input', 'compute_infer', 'compute_output'],
          properties: {
            batch_size: count,
            compute_input: ref('V2Duration'),
            compute_infer: ref('V2Duration'),
            compute_output: ref('V2Duration'),
          },
        },
      },
    },
  },
  V2Duration: {
    type: 'object',
    description: 'How often something took time, and how long in sum, in nanoseconds.',
    required: ['count', 'ns'],
    properties: { count, ns: count },
  },
  V2ModelReady: {
    type: 'object',
    required: ['name', 'ready'],
    properties: { name: text, ready: { type: 'boolean' } },
  },
  V2IndexEntry: {
    type: 'object',
    required: ['name', 'version', 'state', 'reason'],
    properties: {
      name: text,
      version: text,
      state: { type: 'string', enum: ['READY', 'LOADING', 'UNAVAILABLE'] },
      reason: { type: 'string', description: 'Why the model is unavailable; otherwise empty.' },
    },
  },
  V2Error: { type: 'object', required: ['error'], properties: { error: text } },
} as const;
