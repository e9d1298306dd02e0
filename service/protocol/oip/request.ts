import { ServiceError } from '../../errors.ts';
import type { NamedTensor } from '../../inference/infer.ts';
import { shown } from '../../inference/format-value.ts';
import { invalidTensor, readShape } from '../../inference/tensor-shape.ts';
import { isObject } from '../issue-list.ts';
import { parseJson } from '../json.ts';
import { readData } from './data.ts';
import { allDatatypes, dtypeOf } from './datatypes.ts';
import { readRaw } from './raw.ts';

/** A request as a client sent it, in the domain's terms. */
export interface InferRequest {
  readonly id?: string;
  readonly inputs: readonly NamedTensor[];
  /** Names of the outputs wanted; none means all. */
  readonly outputs: readonly string[];
  /** Whether an output is to be answered in binary. */
  readonly binary: (output: string) => boolean;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the body of `POST …/infer`.
 *
 * @param header `Inference-Header-Content-Length`: how many bytes are JSON, where tensors in binary follow it
 * @throws ServiceError `invalid-json`, or `invalid-input` naming the tensor
 */
export function decodeInferRequest(body: Uint8Array, header?: string): InferRequest {
  const length = header === undefined ? body.length : jsonLength(header, body.length);
  const json = parseJson(body.subarray(0, length));
  if (!isObject(json)) throw invalid(`The request is ${shown(json)}, expected an object with "inputs".`);
  const binary = new BinaryTail(header === undefined ? undefined : body.subarray(length));
  const inputs = array(json['inputs'], '"inputs"').map((input, index) => readInput(input, index, binary));
  binary.end();
  const outputs = json['outputs'] == null ? [] : array(json['outputs'], '"outputs"').map(readOutput);
  const byDefault = flag(parameters(json, 'The request'), 'binary_data_output', 'The request') ?? false;
  const choices = new Map(outputs.map((output) => [output.name, output.binary]));
  return {
    ...(json['id'] != null && { id: text(json['id'], '"id"') }),
    inputs,
    outputs: outputs.map(({ name }) => name),
    binary: (output) => choices.get(output) ?? byDefault,
  };
}

function jsonLength(header: string, bodyLength: number): number {
  const length = /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (length === undefined || length > bodyLength) {
    throw invalid(
      `Inference-Header-Content-Length is ${shown(header)}, expected how many of the body's ${bodyLength} bytes are JSON.`,
    );
  }
  return length;
}

function readInput(input: unknown, index: number, binary: BinaryTail): NamedTensor {
  if (!isObject(input))
    throw invalid(
      `inputs[${index}] is ${shown(input)}, expected an object with "name", "shape", "datatype" and "data".`,
    );
  const name = text(input['name'], `"name" of inputs[${index}]`);
  const { datatype, data } = input;
  const dtype = typeof datatype === 'string' ? dtypeOf(datatype) : undefined;
  if (dtype === undefined)
    throw invalidTensor(name, `"datatype" is ${shown(datatype)}, expected one of ${allDatatypes.join(', ')}`);
  const shape = readShape(name, input['shape']);
  const options = parameters(input, `Input ${shown(name)}`);
  refuse(options, 'shared_memory_region', `Input ${shown(name)}`);
  const size = options['binary_data_size'];
  if (size === undefined) {
    if (data == null) throw invalidTensor(name, 'it has no "data", and no "binary_data_size" among its parameters');
    return { name, dtype, shape: shape.shape, data: readData(name, dtype, shape, data) };
  }
  if (data != null) throw invalidTensor(name, 'it has both "data" and "binary_data_size": send one of them');
  return { name, dtype, shape: shape.shape, data: readRaw(name, dtype, shape.count, binary.take(name, size)) };
}

function readOutput(output: unknown, index: number): { name: string; binary: boolean | undefined } {
  if (!isObject(output)) throw invalid(`outputs[${index}] is ${shown(output)}, expected an object with "name".`);
  const name = text(output['name'], `"name" of outputs[${index}]`);
  const what = `Output ${shown(name)}`;
  const options = parameters(output, what);
  refuse(options, 'shared_memory_region', what);
  refuse(options, 'classification', what);
  return { name, binary: flag(options, 'binary_data', what) };
}

/** What follows the JSON: the tensors in binary, in the order of the inputs. */
class BinaryTail {
  readonly #bytes: Uint8Array | undefined;
  #taken = 0;

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  take(name: string, size: unknown): Uint8Array {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
      throw invalidTensor(name, `"binary_data_size" is ${shown(size)}, expected a number of bytes`);
    if (this.#bytes === undefined)
      throw invalidTensor(
        name,
        'it has "binary_data_size", and the request has no header Inference-Header-Content-Length',
      );
    const left = this.#bytes.length - this.#taken;
    if (size > left) throw invalidTensor(name, `"binary_data_size" is ${size}, and ${left} bytes are left of the body`);
    return this.#bytes.subarray(this.#taken, (this.#taken += size));
  }

  end(): void {
    const left = (this.#bytes?.length ?? 0) - this.#taken;
    if (left > 0)
      throw invalid(
        `${left} bytes follow the JSON that belong to no input: "binary_data_size" or Inference-Header-Content-Length is wrong.`,
      );
  }
}

function parameters(of: Json, what: string): Json {
  const value = of['parameters'] ?? {};
  if (!isObject(value)) throw invalid(`${what} has "parameters" that are ${shown(value)}, expected an object.`);
  return value;
}

function flag(of: Json, name: string, what: string): boolean | undefined {
  const value = of[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`${what} has the parameter "${name}" ${shown(value)}, expected true or false.`);
}

/** Parameters of extensions that are not served change what a request means: they cannot be passed over. */
function refuse(of: Json, name: string, what: string): void {
  if (of[name] !== undefined)
    throw invalid(
      `${what} has the parameter "${name}", of an extension that is not served: GET /v2 lists those that are.`,
    );
}

function array(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what} is ${shown(value)}, expected an array.`);
  return value;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string') throw invalid(`${what} is ${shown(value)}, expected a string.`);
  return value;
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid-input', message);
}
