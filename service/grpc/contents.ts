import { toElement, describeAccepted, pack, unpack, type Scalar } from '../../onnx/signature/dtypes.ts';
import type { DType, Tensor, TensorData } from '../../onnx/engine/engine.ts';
import { invalidTensor } from '../inference/tensor-shape.ts';
import { readText } from '../protocol/oip/raw.ts';
import type { InferTensorContents } from './messages.ts';

type Field = keyof InferTensorContents;

/** The field for the elements of a dtype; undefined if they can only be sent raw. */
const fields: Readonly<Record<DType, Field | undefined>> = {
  bool: 'bool_contents',
  int8: 'int_contents',
  int16: 'int_contents',
  int32: 'int_contents',
  int64: 'int64_contents',
  uint8: 'uint_contents',
  uint16: 'uint_contents',
  uint32: 'uint_contents',
  uint64: 'uint64_contents',
  float16: undefined,
  float32: 'fp32_contents',
  float64: 'fp64_contents',
  string: 'bytes_contents',
};

/** Returns whether elements of the dtype can only be sent raw. */
export function isRawOnly(dtype: DType): boolean {
  return fields[dtype] === undefined;
}

/**
 * Reads the elements of an input from the field of its dtype.
 *
 * @throws {ServiceError} `invalid-input`, naming the tensor
 */
export function readContents(name: string, dtype: DType, contents: InferTensorContents): TensorData {
  const field = fields[dtype];
  if (field === undefined) throw invalidTensor(name, 'FP16 has no field. Send it in raw_input_contents');
  const other = (Object.keys(contents) as Field[]).find((key) => key !== field);
  if (other !== undefined) throw invalidTensor(name, `its elements are in ${other}, expected them in ${field}`);
  return pack(
    dtype,
    (contents[field] ?? []).map((value, index) => readElement(name, dtype, value, index)),
  );
}

function readElement(name: string, dtype: DType, value: number | string | boolean | Uint8Array, index: number): Scalar {
  if (value instanceof Uint8Array) return readText(name, index, value);
  // Floats are already valid, including NaN and infinities. But an int32 may be too large for an int8.
  const read = dtype.startsWith('float') ? value : toElement(dtype, value);
  if (read === undefined)
    throw invalidTensor(name, `element ${index} is ${String(value)}, expected ${describeAccepted(dtype)}`);
  return read;
}

/** Writes the elements of an output to the field of its dtype. */
export function writeContents(tensor: Tensor): InferTensorContents {
  const field = fields[tensor.dtype];
  if (field === undefined) throw new Error(`${tensor.dtype} can only be sent raw`);
  return { [field]: unpack(tensor).map(writeElement) };
}

function writeElement(value: Scalar): number | string | boolean | Uint8Array {
  if (typeof value === 'string') return Buffer.from(value);
  return typeof value === 'bigint' ? String(value) : value;
}
