import { unpack } from '../../../onnx/signature/dtypes.ts';
import type { Tensor } from '../../../onnx/engine/engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { NamedTensor } from '../../inference/infer.ts';
import { responseTooLarge } from '../../inference/request-size.ts';
import { finiteText, stringifyElements, stringifyJson } from '../json.ts';
import { datatypeOf } from './datatypes.ts';
import { writeRaw } from './raw.ts';
import type { InferRequest } from './request.ts';

export interface InferResponse {
  /** Large binary tensors are chunks of their own, which spares a copy. */
  readonly body: string | Uint8Array | readonly Uint8Array[];
  /** How many bytes are JSON, if binary tensors follow. */
  readonly jsonLength?: number;
}

/** Copying fewer bytes than this costs less than sending one more chunk. */
const SMALL_BYTES = 16 * 1024;
/**
 * V8 remembers the text of numbers that it wrote lately. For many different numbers, this takes more time than it
 * saves.
 */
const FEW_NUMBERS = 64;
/** So many elements are written at once: their array and their text are in memory together. */
const PIECE = 64 * 1024;

/**
 * Encodes the response to `POST …/infer`: JSON, followed by the outputs that were requested in binary.
 *
 * @param mostBytes the bytes of the largest response
 * @throws {ServiceError} `body-too-large`
 */
export function encodeInferResponse(
  signature: Pick<Signature, 'name' | 'version'>,
  { id, binary }: Pick<InferRequest, 'id' | 'binary'>,
  outputs: readonly NamedTensor[],
  mostBytes = Infinity,
): InferResponse {
  const tail: Uint8Array[] = [];
  let left = mostBytes;
  let json = headOf(signature);
  if (id !== undefined) json += `,"id":${JSON.stringify(id)}`;
  json += ',"outputs":[';
  for (let index = 0; index < outputs.length; index++) {
    const output = outputs[index] as NamedTensor;
    const { name, dtype, shape } = output;
    if (index > 0) json += ',';
    json += `{"name":${JSON.stringify(name)},"datatype":"${datatypeOf(dtype)}","shape":[${shape.join()}],`;
    if (binary(output.output ?? name)) {
      const bytes = writeRaw(output);
      tail.push(bytes);
      left -= bytes.length;
      json += `"parameters":{"binary_data_size":${bytes.length}}}`;
    } else json += `"data":[${dataText(output, left - json.length, mostBytes)}]}`;
    if (json.length > left) throw responseTooLarge(mostBytes);
  }
  json += ']}';
  return tail.length === 0 ? { body: json } : withTail(Buffer.from(json), tail);
}

const heads = new WeakMap<object, string>();

/** Returns the start of a response, which is the same for all responses of a model. */
function headOf(signature: Pick<Signature, 'name' | 'version'>): string {
  let head = heads.get(signature);
  if (head === undefined) {
    const { name, version } = signature;
    head = stringifyJson({ model_name: name, model_version: version }).slice(0, -1);
    heads.set(signature, head);
  }
  return head;
}

/**
 * Writes the elements of a tensor, separated by commas: NaN and infinities as strings, int64 with all digits.
 *
 * @throws {ServiceError} `body-too-large` as soon as the text is longer than `most`
 */
function dataText(tensor: Tensor, most: number, mostBytes: number): string {
  const { dtype, data } = tensor;
  if (dtype === 'bool' || dtype === 'string' || data.length > FEW_NUMBERS) return manyText(tensor, most, mostBytes);
  let text = '';
  for (let index = 0; index < data.length; index++) {
    const element = data[index] as number | bigint;
    if (index > 0) text += ',';
    if (typeof element === 'bigint') text += String(element);
    else text += Number.isFinite(element) ? finiteText(element) : `"${element}"`;
  }
  return text;
}

function manyText(tensor: Tensor, most: number, mostBytes: number): string {
  const { dtype, shape, data } = tensor;
  if (data.length <= PIECE) return pieceText(tensor);
  let text = '';
  for (let from = 0; from < data.length; from += PIECE) {
    const piece = ArrayBuffer.isView(data) ? data.subarray(from, from + PIECE) : data.slice(from, from + PIECE);
    text += `${from === 0 ? '' : ','}${pieceText({ dtype, shape, data: piece })}`;
    if (text.length > most) throw responseTooLarge(mostBytes);
  }
  return text;
}

function pieceText(tensor: Tensor): string {
  return tensor.data instanceof BigInt64Array || tensor.data instanceof BigUint64Array
    ? tensor.data.join()
    : stringifyElements(unpack(tensor) as (number | boolean | string)[]).slice(1, -1);
}

function withTail(json: Buffer, tail: readonly Uint8Array[]): InferResponse {
  let bytes = 0;
  for (const chunk of tail) bytes += chunk.length;
  const chunks = [json, ...tail];
  return { body: bytes <= SMALL_BYTES ? Buffer.concat(chunks) : chunks, jsonLength: json.length };
}
