import type { DType, Tensor, TensorData } from '../../../onnx/engine/engine.ts';
import { describeAccepted, pack } from '../../../onnx/signature/dtypes.ts';
import { invalidTensor } from '../../inference/tensor-shape.ts';
import { readText } from '../../protocol/oip/raw.ts';
import { WireError, type WireReader } from '../../protobuf/wire-reader.ts';
import type { WireWriter } from '../../protobuf/wire-writer.ts';

/** The elements of an input, in the fields of InferTensorContents. Fields without elements are missing. */
export interface Contents {
  bool_contents?: Uint8Array;
  int_contents?: Int32Array;
  int64_contents?: BigInt64Array;
  uint_contents?: Uint32Array;
  uint64_contents?: BigUint64Array;
  fp32_contents?: Float32Array;
  fp64_contents?: Float64Array;
  bytes_contents?: readonly Uint8Array[];
}

type FieldName = keyof Contents;
type Numbers = Exclude<NonNullable<Contents[FieldName]>, readonly Uint8Array[]>;

/** A field of numbers: how its elements are read, and the size of each if all have the same. */
interface NumberField {
  readonly name: Exclude<FieldName, 'bytes_contents'>;
  readonly array: new (length: number) => Numbers;
  readonly read: (reader: WireReader) => number | bigint;
  readonly size?: 4 | 8;
}

const BYTES_CONTENTS = 8;
/** By their numbers in inference.proto. */
const numberFields: readonly (NumberField | undefined)[] = [
  undefined,
  { name: 'bool_contents', array: Uint8Array, read: (reader) => Number(reader.bool()) },
  { name: 'int_contents', array: Int32Array, read: (reader) => reader.int32() },
  { name: 'int64_contents', array: BigInt64Array, read: (reader) => BigInt(reader.int64()) },
  { name: 'uint_contents', array: Uint32Array, read: (reader) => reader.uint32() },
  {
    name: 'uint64_contents',
    array: BigUint64Array,
    read: (reader) => BigInt(reader.uint64()),
  },
  { name: 'fp32_contents', array: Float32Array, read: (reader) => reader.float(), size: 4 },
  { name: 'fp64_contents', array: Float64Array, read: (reader) => reader.double(), size: 8 },
];

/** The number of the field for the elements of a dtype; undefined if they can only be sent raw. */
const fieldNumbers: Readonly<Record<DType, number | undefined>> = {
  bool: 1,
  int8: 2,
  int16: 2,
  int32: 2,
  int64: 3,
  uint8: 4,
  uint16: 4,
  uint32: 4,
  uint64: 5,
  float16: undefined,
  float32: 6,
  float64: 7,
  string: BYTES_CONTENTS,
};

/** Returns whether elements of the dtype can only be sent raw. */
export function isRawOnly(dtype: DType): boolean {
  return fieldNumbers[dtype] === undefined;
}

/** Decodes InferTensorContents. @throws {WireError} */
export function decodeContents(reader: WireReader, contents: Contents): void {
  const texts: Uint8Array[] = [];
  const numbers = new Map<NumberField, Growing>();
  while (reader.next()) {
    const field = numberFields[reader.field];
    if (reader.field === BYTES_CONTENTS) texts.push(reader.bytes());
    else if (field === undefined) reader.skip();
    else {
      let elements = numbers.get(field);
      if (elements === undefined) numbers.set(field, (elements = new Growing(field)));
      elements.read(reader);
    }
  }
  if (texts.length > 0) contents.bytes_contents = texts;
  for (const [{ name }, elements] of numbers)
    if (elements.length > 0) Object.assign(contents, { [name]: elements.finish() });
}

/**
 * The elements of a field. A client may send them packed, which all do, or each as a field of its own, which must not
 * take quadratic time.
 */
class Growing {
  length = 0;
  readonly #field: NumberField;
  #array: Numbers | undefined;

  constructor(field: NumberField) {
    this.#field = field;
  }

  read(reader: WireReader): void {
    const { read, size } = this.#field;
    if (!reader.packed) this.#push(read(reader));
    else if (size !== undefined) this.#copy(reader.bytes(), size);
    else {
      const outer = reader.enter();
      this.#reserve(reader.countVarints());
      while (reader.more) this.#push(read(reader));
      reader.leave(outer);
    }
  }

  finish(): Numbers {
    const array = this.#reserve(0);
    return this.length === array.length ? array : array.slice(0, this.length);
  }

  #push(value: number | bigint): void {
    const full = this.length === (this.#array?.length ?? 0);
    const array = this.#reserve(full ? Math.max(this.length, 8) : 1);
    // The field's array and its `read` have the same type.
    (array as Float64Array)[this.length++] = value as number;
  }

  #copy(bytes: Uint8Array, size: number): void {
    if (bytes.length % size !== 0) throw new WireError('a packed field ends within an element');
    const count = bytes.length / size;
    const { buffer, byteOffset } = this.#reserve(count);
    new Uint8Array(buffer, byteOffset + this.length * size, bytes.length).set(bytes);
    this.length += count;
  }

  /** Returns an array with room for that many more elements. */
  #reserve(count: number): Numbers {
    const needed = this.length + count;
    const array = this.#array;
    if (array !== undefined && needed <= array.length) return array;
    const grown = new this.#field.array(needed);
    if (array !== undefined) grown.set(array.subarray(0, this.length) as never);
    return (this.#array = grown);
  }
}

/**
 * Returns the elements of an input from the field of its dtype.
 *
 * @throws {ServiceError} `invalid-input`, naming the tensor
 */
export function readContents(name: string, dtype: DType, contents: Contents): TensorData {
  const number = fieldNumbers[dtype];
  if (number === undefined) throw invalidTensor(name, 'FP16 has no field. Send it in raw_input_contents');
  const field = numberFields[number]?.name ?? 'bytes_contents';
  for (const other in contents)
    if (other !== field) throw invalidTensor(name, `its elements are in ${other}, expected them in ${field}`);
  const elements = contents[field];
  if (elements === undefined) return pack(dtype, []);
  switch (dtype) {
    case 'string':
      return (elements as readonly Uint8Array[]).map((bytes, index) => readText(name, index, bytes));
    case 'int8':
      return narrow(name, dtype, elements as Int32Array, Int8Array);
    case 'int16':
      return narrow(name, dtype, elements as Int32Array, Int16Array);
    case 'uint8':
      return narrow(name, dtype, elements as Uint32Array, Uint8Array);
    case 'uint16':
      return narrow(name, dtype, elements as Uint32Array, Uint16Array);
    default:
      return elements as Numbers;
  }
}

/** Converts integers to a smaller type, into which they may not fit. */
function narrow<T extends Int8Array | Int16Array | Uint8Array | Uint16Array>(
  name: string,
  dtype: DType,
  elements: Int32Array | Uint32Array,
  ArrayType: new (elements: Int32Array | Uint32Array) => T,
): T {
  const narrowed = new ArrayType(elements);
  elements.forEach((element, index) => {
    if (narrowed[index] !== element)
      throw invalidTensor(name, `element ${index} is ${element}, expected ${describeAccepted(dtype)}`);
  });
  return narrowed;
}

/** Writes the elements of an output in the field of its dtype. */
export function writeContents(writer: WireWriter, { dtype, data }: Tensor): void {
  const field = fieldNumbers[dtype];
  if (field === undefined) throw new Error(`${dtype} can only be sent raw`);
  if (!ArrayBuffer.isView(data)) {
    for (let index = data.length - 1; index >= 0; index--) writer.element(field, data[index] as string);
    return;
  }
  if (data.length === 0) return;
  const before = writer.length;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let index = data.length - 1; index >= 0; index--) writer.varint64(data[index] as bigint);
  } else if (dtype === 'float32' || dtype === 'float64') {
    writer.raw(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  } else for (let index = data.length - 1; index >= 0; index--) writer.varint(data[index] as number);
  writer.delimit(field, before);
}
