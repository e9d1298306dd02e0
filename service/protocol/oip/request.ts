import { ServiceError } from '../../errors.ts';
import type { NamedTensor } from '../../inference/infer.ts';
import { formatCount, formatValue, lowerFirst } from '../../inference/format-value.ts';
import { invalidTensor, readShape } from '../../inference/tensor-shape.ts';
import { isObject } from '../issue-list.ts';
import { checkPlain, parseJson } from '../json.ts';
import { readData } from './data.ts';
import { allDatatypes, dtypeOf } from './datatypes.ts';
import { readRaw } from './raw.ts';

/** A decoded request. */
export interface InferRequest {
  readonly id?: string;
  readonly inputs: readonly NamedTensor[];
  /** The names of the requested outputs; empty for all. */
  readonly outputs: readonly string[];
  /** Returns whether to send an output in binary. */
  readonly binary: (output: string) => boolean;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Decodes the body of `POST …/infer`.
 *
 * @param header `Inference-Header-Content-Length`: how many bytes are JSON, if binary tensors follow
 * @param largeIsPlain whether large JSON has to consist of numbers
 * @throws {ServiceError} `invalid-json`, `body-too-large`, or `invalid-input`, naming the tensor
 */
export function decodeInferRequest(body: Uint8Array, header?: string, largeIsPlain = false): InferRequest {
  const length = header === undefined ? body.length : jsonLength(header, body.length);
  const head = body.subarray(0, length);
  if (largeIsPlain) checkPlain(head);
  const json = parseJson(head);
  if (!isObject(json)) throw invalid(`The request is ${formatValue(json)}, expected an object with "inputs".`);
  const binary = new BinaryTail(header === undefined ? undefined : body.subarray(length));
  const inputs = array(json['inputs'], () => '"inputs"').map((input, index) => readInput(input, index, binary));
  binary.end();
  const outputs = json['outputs'] == null ? [] : array(json['outputs'], () => '"outputs"').map(readOutput);
  const theRequest = (): string => 'The request';
  const byDefault = flag(parameters(json, theRequest), 'binary_data_output', theRequest) ?? false;
  const choices = outputs.length === 0 ? undefined : new Map(outputs.map((output) => [output.name, output.binary]));
  return {
    ...(json['id'] != null && { id: text(json['id'], () => '"id"') }),
    inputs,
    outputs: outputs.map(({ name }) => name),
    binary: (output) => choices?.get(output) ?? byDefault,
  };
}

function jsonLength(header: string, bodyLength: number): number {
  const length = /^\d{1,15}$/.test(header) ? Number(header) : undefined;
  if (length === undefined || length > bodyLength) {
    throw invalid(
      `Inference-Header-Content-Length is ${formatValue(header)}, expected the number of bytes that are JSON, ` +
        `at most ${bodyLength}.`,
    );
  }
  return length;
}

function readInput(input: unknown, index: number, binary: BinaryTail): NamedTensor {
  if (!isObject(input))
    throw invalid(
      `inputs[${index}] is ${formatValue(input)}, expected an object with "name", "shape", "datatype" and "data".`,
    );
  const name = text(input['name'], () => `"name" of inputs[${index}]`);
  const { datatype, data } = input;
  const dtype = typeof datatype === 'string' ? dtypeOf(datatype) : undefined;
  if (dtype === undefined)
    throw invalidTensor(name, `"datatype" is ${formatValue(datatype)}, expected one of ${allDatatypes.join(', ')}`);
  const shape = readShape(name, input['shape']);
  const what = (): string => `Input ${formatValue(name)}`;
  const options = parameters(input, what);
  rejectParameter(options, 'shared_memory_region', what);
  const size = options['binary_data_size'];
  if (size === undefined) {
    if (data == null) throw invalidTensor(name, 'it has neither "data" nor the parameter "binary_data_size"');
    return { name, dtype, shape: shape.shape, data: readData(name, dtype, shape, data) };
  }
  if (data != null)
    throw invalidTensor(name, 'it has both "data" and the parameter "binary_data_size". Send only one of them');
  return { name, dtype, shape: shape.shape, data: readRaw(name, dtype, shape.count, binary.take(name, size)) };
}

function readOutput(output: unknown, index: number): { name: string; binary: boolean | undefined } {
  if (!isObject(output)) throw invalid(`outputs[${index}] is ${formatValue(output)}, expected an object with "name".`);
  const name = text(output['name'], () => `"name" of outputs[${index}]`);
  const what = (): string => `Output ${formatValue(name)}`;
  const options = parameters(output, what);
  rejectParameter(options, 'shared_memory_region', what);
  rejectParameter(options, 'classification', what);
  return { name, binary: flag(options, 'binary_data', what) };
}

/** The binary tensors after the JSON, in the order of the inputs. */
class BinaryTail {
  readonly #bytes: Uint8Array | undefined;
  #taken = 0;

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  take(name: string, size: unknown): Uint8Array {
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
      throw invalidTensor(name, `"binary_data_size" is ${formatValue(size)}, expected a number of bytes`);
    if (this.#bytes === undefined)
      throw invalidTensor(
        name,
        'it has the parameter "binary_data_size", but the request has no header Inference-Header-Content-Length',
      );
    const left = this.#bytes.length - this.#taken;
    if (size > left)
      throw invalidTensor(
        name,
        `"binary_data_size" is ${size}, but the body has only ${formatCount(left, 'byte')} left`,
      );
    return this.#bytes.subarray(this.#taken, (this.#taken += size));
  }

  end(): void {
    const left = (this.#bytes?.length ?? 0) - this.#taken;
    if (left > 0)
      throw invalid(
        `The body has ${formatCount(left, 'byte')} at its end that ${left === 1 ? 'belongs' : 'belong'} to no input. ` +
          'Check "binary_data_size" and Inference-Header-Content-Length.',
      );
  }
}

/** Describes a part of the request, for an error. */
type What = () => string;

function parameters(of: Json, what: What): Json {
  const value = of['parameters'] ?? NONE;
  if (!isObject(value))
    throw invalid(`"parameters" of ${lowerFirst(what())} is ${formatValue(value)}, expected an object.`);
  return value;
}

const NONE: Json = {};

function flag(of: Json, name: string, what: What): boolean | undefined {
  const value = of[name];
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(`The parameter "${name}" of ${lowerFirst(what())} is ${formatValue(value)}, expected true or false.`);
}

/** Rejects parameters of unsupported extensions, because they change the meaning of the request. */
function rejectParameter(of: Json, name: string, what: What): void {
  if (of[name] !== undefined)
    throw invalid(
      `${what()} has the parameter "${name}" of an unsupported extension. GET /v2 lists the supported extensions.`,
    );
}

function array(value: unknown, what: What): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${what()} is ${formatValue(value)}, expected an array.`);
  return value;
}

function text(value: unknown, what: What): string {
  if (typeof value !== 'string') throw invalid(`${what()} is ${formatValue(value)}, expected a string.`);
  return value;
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid-input', message);
}
