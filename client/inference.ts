/** The Open Inference Protocol's requests and answers, in JSON or with the tensors as bytes behind it. */
import { readOutputs, type JsonOutput } from './decode.ts';
import { binaryData, datatypeOf, jsonData } from './encode.ts';
import { UnexpectedAnswer } from './errors.ts';
import { stringifyJson } from './json.ts';
import type { InferInput, InferOutput } from './tensors.ts';
import { json, type Answer, type Request } from './transport.ts';

export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface InferRequest {
  readonly inputs: readonly InferInput[];
  /** Names of those wanted. @default all */
  readonly outputs?: readonly string[];
  /** Comes back with the answer. */
  readonly id?: string;
  readonly parameters?: Parameters;
}

export interface InferResponse {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly InferOutput[];
}

/** How long the JSON in front of the tensors' bytes is. */
const jsonLength = 'inference-header-content-length';

/** @throws InvalidTensor */
export function inferRequest(
  path: string,
  { inputs, outputs, id, parameters }: InferRequest,
  binary: boolean,
): Request {
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

/** @throws UnexpectedAnswer */
export function readInference({ headers, bytes }: Answer): InferResponse {
  const length = Number(headers.get(jsonLength) ?? bytes.length);
  if (!(length <= bytes.length))
    throw new UnexpectedAnswer(`The answer has ${bytes.length} bytes, of which ${length} should be JSON.`);
  const body = json(bytes.subarray(0, length)) as Omit<InferResponse, 'outputs'> & {
    readonly outputs?: readonly JsonOutput[];
  };
  if (!Array.isArray(body.outputs))
    throw new UnexpectedAnswer('The answer is JSON, but has no outputs. Does the URL lead to the service?');
  return { ...body, outputs: readOutputs(body.outputs, bytes.subarray(length)) };
}
