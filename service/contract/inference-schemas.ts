import { ref } from './schemas.ts';

const text = { type: 'string' } as const;

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
