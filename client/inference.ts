/** Requests and responses of the Open Inference Protocol: JSON, optionally followed by the tensors' bytes. */
import { readOutputs, type JsonOutput } from './decode.ts';
import { binaryData, datatypeOf, jsonData } from './encode.ts';
import { UnexpectedResponse } from './errors.ts';
import { stringifyJson } from './json.ts';
import type { InferInput, InferOutput } from './tensors.ts';
import { readJson, type ServiceRequest, type ServiceResponse } from './transport.ts';

/** Parameters of the Open Inference Protocol, which the service returns or ignores. */
export type InferParameters = Readonly<Record<string, string | number | boolean>>;

export interface InferRequest {
  readonly inputs: readonly InferInput[];
  /** Names of the outputs to return. @default all */
  readonly outputs?: readonly string[];
  /** Returned with the response. @default none */
  readonly id?: string;
  readonly parameters?: InferParameters;
}

export interface InferResponse {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: InferParameters;
  readonly outputs: readonly InferOutput[];
}

/** The header with the length of the JSON in front of the tensors' bytes. */
const jsonLength = 'inference-header-content-length';

/** @throws {InvalidTensor} if a tensor cannot be encoded */
export function inferRequest(
  path: string,
  { inputs, outputs, id, parameters }: InferRequest,
  binary: boolean,
): ServiceRequest {
  const tensors = inputs.map((input) => {
    const { name, shape } = input;
    const datatype = datatypeOf(input);
    const bytes = binary ? binaryData(input, datatype) : undefined;
    const content = bytes
      ? { parameters: { binary_data_size: bytes.length } }
      : { data: jsonData(datatype, input.data) };
    return { json: { name, shape, datatype, ...content }, bytes };
  });
  const text = stringifyJson({
    id,
    inputs: tensors.map((tensor) => tensor.json),
    outputs: outputs?.map((name) => ({ name })),
    parameters: binary ? { ...parameters, binary_data_output: true } : parameters,
  });
  if (!binary) return { path, body: text, headers: { 'content-type': 'application/json' } };
  const head = new TextEncoder().encode(text);
  const body = concatenated([head, ...tensors.flatMap(({ bytes = [] }) => [bytes])]);
  return { path, body, headers: { 'content-type': 'application/octet-stream', [jsonLength]: String(head.length) } };
}

function concatenated(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @throws {UnexpectedResponse} if the body is not that of an inference, or its parts don't match */
export function readInference({ headers, bytes }: ServiceResponse): InferResponse {
  const length = Number(headers.get(jsonLength) ?? bytes.length);
  if (!(length <= bytes.length))
    throw new UnexpectedResponse(`The response has ${bytes.length} bytes, but ${length} of them should be JSON.`);
  const body = readJson(bytes.subarray(0, length)) as Omit<InferResponse, 'outputs'> & {
    readonly outputs?: readonly JsonOutput[];
  };
  if (!Array.isArray(body.outputs))
    throw new UnexpectedResponse('The response is JSON, but has no outputs. Is the URL that of the service?');
  return { ...body, outputs: readOutputs(body.outputs, bytes.subarray(length)) };
}
