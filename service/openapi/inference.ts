import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { timeoutParameter } from './parameters.ts';
import { paths } from '../contract/index.ts';
import { ref } from '../contract/schemas.ts';
import type { ErrorCode } from '../errors.ts';
import { datatypeOf } from '../protocol/oip/datatypes.ts';
import { runErrors, runSecurity, securityErrors, type Security } from './security.ts';
import { eachModel, parameters, type DocumentedModel } from './models.ts';
import { bodyErrors, COMPRESSION, inferenceErrorResponses, jsonResponse } from './responses.ts';
import { responseElement, elementSchema, nested, type Json } from '../protocol/json-schemas.ts';

export const inferenceTag = 'Open Inference Protocol';

const OPEN: Json = { security: [] };
const BINARY: Json = {
  'application/octet-stream': {
    schema: {
      type: 'string',
      format: 'binary',
      description: 'JSON, followed by the tensors with the parameter binary_data_size.',
    },
  },
};

/** Returns the paths below /v2. */
export function inferencePaths(models: readonly DocumentedModel[], security: Security): Json {
  const base = paths.inference;
  const { name, version } = parameters(models);
  const key = securityErrors(security);
  const get = (operationId: string, summary: string, schema: string, errors: readonly ErrorCode[] = []): Json => ({
    operationId,
    tags: [inferenceTag],
    summary,
    responses: { 200: jsonResponse(summary, ref(schema)), ...inferenceErrorResponses(errors) },
  });
  const either = (operationId: string, summary: string, schema: string, errors: readonly ErrorCode[] = []): Json => ({
    ...get(operationId, summary, schema),
    responses: {
      200: jsonResponse('Ready', ref(schema)),
      503: jsonResponse('Not ready', ref(schema)),
      ...inferenceErrorResponses(errors),
    },
  });
  const aboutModel: readonly ErrorCode[] = [...key, 'model-not-found', 'model-not-ready', 'shutting-down'];
  const ofModel = (suffix: '' | 'Version', path: string, which: readonly Json[]): Json => ({
    [path]: {
      get: {
        ...get(`modelMetadata${suffix}`, 'Describe the inputs and outputs of a model', 'V2Model', aboutModel),
        parameters: which,
      },
    },
    [`${path}/config`]: {
      get: {
        ...get(`modelConfig${suffix}`, 'Describe a model as Triton does', 'V2ModelConfig', aboutModel),
        parameters: which,
      },
    },
    [`${path}/stats`]: {
      get: {
        ...get(`modelStatistics${suffix}`, 'Count the requests and runs of a model', 'V2Statistics', aboutModel),
        parameters: which,
      },
    },
    [`${path}/ready`]: {
      get: {
        ...either(`modelReady${suffix}`, 'Check whether a model accepts requests', 'V2ModelReady', [
          ...key,
          'model-not-found',
        ]),
        parameters: which,
      },
    },
  });
  return {
    [base]: { get: get('serverMetadata', 'Describe the server and its extensions', 'V2Server', key) },
    [`${base}/health/live`]: {
      get: { ...get('serverLive', 'Check whether the process responds', 'V2Health'), ...OPEN },
    },
    [`${base}/health/ready`]: {
      get: {
        ...either('serverReady', 'Check whether every model has just reproduced its examples', 'V2Health'),
        ...OPEN,
      },
    },
    [`${base}/models/stats`]: {
      get: get('statistics', 'Count the requests and runs of every model', 'V2Statistics', key),
    },
    ...ofModel('', `${base}/models/{name}`, [name]),
    ...ofModel('Version', `${base}/models/{name}/versions/{version}`, [name, version]),
    ...eachModel(models, `${base}/models`, '/infer', (model, suffix) => ({
      post: inferOperation(model, suffix, security),
    })),
    [`${base}/repository/index`]: {
      post: {
        operationId: 'repositoryIndex',
        tags: [inferenceTag],
        summary: 'List every model and version with its state',
        requestBody: {
          required: false,
          content: {
            'application/json': {
              schema: {
                properties: {
                  ready: { type: 'boolean', description: 'Whether to list only the models that accept requests' },
                },
              },
            },
          },
        },
        responses: {
          200: jsonResponse('The models', { type: 'array', items: ref('V2IndexEntry') }),
          ...inferenceErrorResponses([...bodyErrors, ...key]),
        },
      },
    },
  };
}

function inferOperation({ model: { signature }, id }: DocumentedModel, suffix: string, security: Security): Json {
  return {
    operationId: `infer${id}${suffix}`,
    tags: [inferenceTag],
    summary: `Run the model ${signature.name}, version ${signature.version}`,
    ...runSecurity(security, signature.name),
    description: COMPRESSION,
    parameters: [
      timeoutParameter,
      {
        name: 'Inference-Header-Content-Length',
        in: 'header',
        required: false,
        description: 'The number of bytes that are JSON, if binary tensors follow',
        schema: { type: 'integer', minimum: 0 },
      },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: ref(`${id}InferRequest`) }, ...BINARY } },
    responses: {
      200: {
        description: 'The outputs',
        content: { 'application/json': { schema: ref(`${id}InferResponse`) }, ...BINARY },
      },
      ...inferenceErrorResponses([
        ...bodyErrors,
        'unsupported-media-type',
        ...runErrors(security),
        'model-not-ready',
        'model-restarting',
        'overloaded',
        'shutting-down',
        'timeout',
      ]),
    },
  };
}

/** Returns the schemas of a model's `infer` requests and responses. */
export function inferSchemas({ model: { signature }, id }: DocumentedModel): Json {
  const { name, version, inputs, outputs } = signature;
  return {
    [`${id}InferRequest`]: {
      type: 'object',
      required: ['inputs'],
      properties: {
        id: { type: ['string', 'null'], description: 'Returned in the response' },
        parameters: flags('binary_data_output'),
        inputs: {
          type: 'array',
          minItems: inputs.filter(({ optional }) => !optional).length,
          maxItems: inputs.length,
          ...(inputs.length > 0 && { items: { oneOf: inputs.map((input) => inputTensor(input)) } }),
        },
        outputs: {
          type: ['array', 'null'],
          description: 'The requested outputs; all if it is missing or empty',
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string', enum: outputs.map((output) => output.name) },
              parameters: flags('binary_data'),
            },
          },
        },
      },
    },
    [`${id}InferResponse`]: {
      type: 'object',
      required: ['model_name', 'model_version', 'outputs'],
      properties: {
        model_name: { type: 'string', const: name },
        model_version: { type: 'string', const: version },
        id: { type: 'string' },
        outputs: { type: 'array', items: { oneOf: outputs.map(outputTensor) } },
      },
    },
  };
}

function inputTensor({ name, dtype, shape }: TensorSpec): Json {
  const element = elementSchema(dtype, false);
  return {
    type: 'object',
    required: ['name', 'shape', 'datatype', 'data'],
    properties: {
      name: { type: 'string', const: name },
      datatype: { type: 'string', const: datatypeOf(dtype) },
      shape: {
        type: 'array',
        minItems: shape.length,
        maxItems: shape.length,
        ...(shape.length > 0 && {
          prefixItems: shape.map((dimension) => ({
            type: 'integer',
            ...(typeof dimension === 'number' ? { const: dimension } : { minimum: 0 }),
          })),
        }),
      },
      data: {
        description: 'As many elements as the shape has, flat or nested like the shape',
        anyOf: [{ type: 'array', items: element }, ...(shape.length > 1 ? [nested(shape, element)] : [])],
      },
      parameters: { type: ['object', 'null'] },
    },
  };
}

function outputTensor({ name, dtype }: TensorSpec): Json {
  return {
    type: 'object',
    required: ['name', 'shape', 'datatype'],
    properties: {
      name: { type: 'string', const: name },
      datatype: { type: 'string', const: datatypeOf(dtype) },
      shape: { type: 'array', items: { type: 'integer', minimum: 0 } },
      data: { type: 'array', items: responseElement(dtype) },
      parameters: { type: 'object', properties: { binary_data_size: { type: 'integer', minimum: 0 } } },
    },
  };
}

function flags(name: string): Json {
  return {
    type: ['object', 'null'],
    properties: { [name]: { type: 'boolean', description: 'Whether to send the tensor in binary' } },
  };
}
