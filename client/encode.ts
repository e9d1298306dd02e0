import { InvalidTensor } from './errors.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import { arrayTypes, type Datatype, type InferInput, type NumericDatatype } from './tensors.ts';

/** An element of a tensor, in JSON or from the caller. */
export type TensorElement = number | bigint | boolean | string;

type Packed =
  | Int8Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>;

/**
 * Returns the datatype that the caller gave, or that of the elements.
 * @throws {InvalidTensor} if neither determines it
 */
export function datatypeOf({ name, datatype, data }: InferInput): Datatype {
  if (datatype !== undefined) return datatype;
  const known = (Object.keys(arrayTypes) as NumericDatatype[]).find((each) => isArrayOf(each, data));
  if (known !== undefined) return known;
  switch (typeof data[0]) {
    case 'string':
      return 'BYTES';
    case 'boolean':
      return 'BOOL';
    case 'bigint':
      return 'INT64';
    default:
      throw new InvalidTensor(
        `The input '${name}' has no datatype, and ${data.length === 0 ? 'no elements' : 'plain numbers'} ` +
          'do not determine it: pass "datatype", or a typed array.',
      );
  }
}

/** In engines without Float16Array a Uint16Array is UINT16, unless the caller passes FP16. */
const isArrayOf = (datatype: NumericDatatype, data: InferInput['data']): boolean =>
  data instanceof arrayTypes[datatype] && !(datatype === 'FP16' && data instanceof Uint16Array);

const isFloat16Bits = (datatype: Datatype, data: InferInput['data']): data is Uint16Array =>
  datatype === 'FP16' && data instanceof Uint16Array;

/** Returns the data for `stringifyJson`. */
export function jsonData(datatype: Datatype, data: InferInput['data']): unknown {
  return isFloat16Bits(datatype, data) ? Array.from(data, fromFloat16) : data;
}

/**
 * Encodes a tensor by the protocol's binary tensor extension.
 * @throws {InvalidTensor} if an element does not fit the datatype, naming it
 */
export function binaryData(input: InferInput, datatype: Datatype): Uint8Array<ArrayBuffer> {
  const { name, data } = input;
  if (datatype === 'BYTES') return withLengths(data as readonly string[]);
  if (
    ArrayBuffer.isView(data) &&
    (isFloat16Bits(datatype, data) || (datatype !== 'BOOL' && isArrayOf(datatype, data)))
  ) {
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }
  const values = Array.from<TensorElement>(data);
  let array: Packed;
  try {
    array = pack(datatype, values);
  } catch (cause) {
    throw new InvalidTensor(`The input '${name}' has an element that is not a valid ${datatype}: ${String(cause)}`, {
      cause,
    });
  }
  const wrong = values.findIndex((value, index) => !isKept(datatype, value, array[index] ?? NaN));
  if (wrong >= 0)
    throw new InvalidTensor(
      `Element ${wrong} of the input '${name}' is ${String(values[wrong])}, which is not a valid ${datatype}.`,
    );
  return new Uint8Array(array.buffer);
}

/**
 * Converts elements to a typed array. Texts such as "NaN" and an integer's digits become numbers.
 * @throws {SyntaxError | RangeError} of BigInt, if an element is not an integer
 */
export function pack(datatype: Exclude<Datatype, 'BYTES'>, values: readonly TensorElement[]): Packed {
  switch (datatype) {
    case 'FP16':
      return Uint16Array.from(values, (value) => toFloat16(Number(value)));
    case 'FP32':
      return Float32Array.from(values, Number);
    case 'FP64':
      return Float64Array.from(values, Number);
    case 'INT8':
      return Int8Array.from(values, Number);
    case 'INT16':
      return Int16Array.from(values, Number);
    case 'INT32':
      return Int32Array.from(values, Number);
    case 'INT64':
      return BigInt64Array.from(values, BigInt);
    case 'UINT8':
      return Uint8Array.from(values, Number);
    case 'UINT16':
      return Uint16Array.from(values, Number);
    case 'UINT32':
      return Uint32Array.from(values, Number);
    case 'UINT64':
      return BigUint64Array.from(values, BigInt);
    case 'BOOL':
      return Uint8Array.from(values, Number);
  }
}

/** Tells whether an element kept its value: typed arrays silently wrap integers, and floats overflow to infinity. */
function isKept(datatype: Datatype, value: TensorElement, stored: number | bigint): boolean {
  if (datatype === 'BOOL') return typeof value === 'boolean';
  if (typeof stored === 'bigint') return stored === BigInt(value);
  const number = Number(value);
  if (!datatype.startsWith('FP')) return stored === number;
  return !Number.isFinite(number) || Number.isFinite(datatype === 'FP16' ? fromFloat16(stored) : stored);
}

/** Encodes each string as UTF-8 after its length in four bytes. */
function withLengths(strings: readonly string[]): Uint8Array<ArrayBuffer> {
  const encoded = strings.map((string) => new TextEncoder().encode(string));
  const bytes = new Uint8Array(encoded.reduce((total, { length }) => total + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const string of encoded) {
    view.setUint32(at, string.length, true);
    bytes.set(string, at + 4);
    at += 4 + string.length;
  }
  return bytes;
}
