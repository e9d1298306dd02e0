import { InvalidTensor } from './errors.ts';
import { fromHalf, toHalf } from './float16.ts';
import { arrayTypes, type Datatype, type InferInput, type NumericDatatype } from './tensors.ts';

/** An element, as JSON or the caller has it. */
export type Element = number | bigint | boolean | string;

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

/** @throws InvalidTensor where neither the caller nor the values tell */
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
        `The input '${name}' has no datatype, and ${data.length === 0 ? 'no element tells' : 'plain numbers do not tell'} it: give "datatype", or a typed array.`,
      );
  }
}

/** Where the engine has no Float16Array, a Uint16Array is what it looks like, unless the caller says FP16. */
const isArrayOf = (datatype: NumericDatatype, data: InferInput['data']): boolean =>
  data instanceof arrayTypes[datatype] && !(datatype === 'FP16' && data instanceof Uint16Array);

const isHalfBits = (datatype: Datatype, data: InferInput['data']): data is Uint16Array =>
  datatype === 'FP16' && data instanceof Uint16Array;

/** As a JSON array's elements. */
export function jsonData(datatype: Datatype, data: InferInput['data']): unknown {
  return isHalfBits(datatype, data) ? Array.from(data, fromHalf) : data;
}

/** As the binary tensor extension has it. @throws InvalidTensor naming an element that does not fit */
export function binaryData(input: InferInput, datatype: Datatype): Uint8Array<ArrayBuffer> {
  const { name, data } = input;
  if (datatype === 'BYTES') return withLengths(data as readonly string[]);
  if (ArrayBuffer.isView(data) && (isHalfBits(datatype, data) || (datatype !== 'BOOL' && isArrayOf(datatype, data)))) {
    return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  }
  const values = Array.from<Element>(data);
  let array: Packed;
  try {
    array = pack(datatype, values);
  } catch (cause) {
    throw new InvalidTensor(`The input '${name}' has an element that is no ${datatype}: ${String(cause)}`, { cause });
  }
  const wrong = values.findIndex((value, index) => !isKept(datatype, value, array[index] ?? NaN));
  if (wrong >= 0)
    throw new InvalidTensor(
      `Element ${wrong} of the input '${name}' is ${String(values[wrong])}, which is no ${datatype}.`,
    );
  return new Uint8Array(array.buffer);
}

/** Of texts the numbers that they are, as "NaN" or an integer's digits. @throws SyntaxError or RangeError of BigInt */
export function pack(datatype: Exclude<Datatype, 'BYTES'>, values: readonly Element[]): Packed {
  switch (datatype) {
    case 'FP16':
      return Uint16Array.from(values, (value) => toHalf(Number(value)));
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

/** Typed arrays wrap what does not fit, and floats overflow to infinity, without a word. */
function isKept(datatype: Datatype, value: Element, stored: number | bigint): boolean {
  if (datatype === 'BOOL') return typeof value === 'boolean';
  if (typeof stored === 'bigint') return stored === BigInt(value);
  const number = Number(value);
  if (!datatype.startsWith('FP')) return stored === number;
  return !Number.isFinite(number) || Number.isFinite(datatype === 'FP16' ? fromHalf(stored) : stored);
}

/** Each string's UTF-8 behind its length in four bytes. */
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
