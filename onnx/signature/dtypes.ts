import { arrayTypes } from '../engine/array-types.ts';
import type { DType, Tensor, TensorData } from '../engine/engine.ts';

/**
 * One element of a tensor in memory: a bigint for int64 and uint64, a boolean for bool, a string for string, and a
 * number for every other dtype. A float may be NaN or infinite.
 */
export type Scalar = number | bigint | string | boolean;

const integers: Readonly<Partial<Record<DType, readonly [bigint, bigint]>>> = {
  int8: signed(8n),
  int16: signed(16n),
  int32: signed(32n),
  int64: signed(64n),
  uint8: unsigned(8n),
  uint16: unsigned(16n),
  uint32: unsigned(32n),
  uint64: unsigned(64n),
};
const smallIntegers: Readonly<Partial<Record<DType, readonly [number, number]>>> = Object.fromEntries(
  Object.entries(integers)
    .filter(([dtype]) => !dtype.endsWith('64'))
    .map(([dtype, [low, high]]) => [dtype, [Number(low), Number(high)] as const]),
);
const largestFloats: Readonly<Partial<Record<DType, number>>> = {
  float16: 65504,
  float32: (2 - 2 ** -23) * 2 ** 127,
  float64: Number.MAX_VALUE,
};

/** Numbers that JSON lacks, by the names that replace them. */
const namedFloats: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};
/** Without leading zeros, so that a JSON schema can describe exactly which integers fit. */
const DECIMAL = /^(?:0|-?[1-9]\d{0,19})$/;

/** Returns the lowest and the highest value of an integer dtype; undefined for the others. */
export function integerRange(dtype: DType): readonly [bigint, bigint] | undefined {
  return integers[dtype];
}

/** Returns the largest finite number of a float dtype; undefined for the others. */
export function largestFloat(dtype: DType): number | undefined {
  return largestFloats[dtype];
}

/**
 * Converts a JSON value to an element; returns undefined if it does not fit the dtype.
 *
 * Floats are numbers or "NaN", "Infinity", "-Infinity". Integers are whole numbers, bigints (from JSON integers beyond
 * 2^53), or decimal digits in a string.
 */
export function toElement(dtype: DType, value: unknown): Scalar | undefined {
  if (dtype === 'string') return typeof value === 'string' && isText(value) ? value : undefined;
  if (dtype === 'bool') return typeof value === 'boolean' ? value : undefined;
  const most = largestFloats[dtype];
  if (most !== undefined) {
    if (typeof value === 'number') return Math.abs(value) <= most ? value : undefined;
    if (typeof value === 'bigint') return toElement(dtype, Number(value));
    return typeof value === 'string' && Object.hasOwn(namedFloats, value) ? namedFloats[value] : undefined;
  }
  const small = smallIntegers[dtype];
  if (small !== undefined && typeof value === 'number')
    return Number.isInteger(value) && value >= small[0] && value <= small[1] ? value : undefined;
  const whole = toBigInt(value);
  const [low, high] = integers[dtype] ?? [0n, 0n];
  if (whole === undefined || whole < low || whole > high) return undefined;
  return small === undefined ? whole : Number(whole);
}

/** The runtime expects UTF-8, which cannot encode half a surrogate pair, and ends a string at the first zero. */
function isText(value: string): boolean {
  return !value.includes('\0') && value.isWellFormed();
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : undefined;
  return typeof value === 'string' && DECIMAL.test(value) ? BigInt(value) : undefined;
}

/** Describes which values fit: `a whole number (int8) from -128 to 127`. */
export function describeAccepted(dtype: DType): string {
  if (dtype === 'string' || dtype === 'bool') return describeKind(dtype);
  const range = integers[dtype];
  const limits = range === undefined ? '' : ` from ${String(range[0])} to ${String(range[1])}`;
  return `${describeKind(dtype)} (${dtype})${limits}`;
}

/** Describes what kind of value an element is: `a whole number`. */
export function describeKind(dtype: DType): string {
  if (dtype === 'string') return 'a string';
  if (dtype === 'bool') return 'true or false';
  return integers[dtype] === undefined ? 'a number' : 'a whole number';
}

export const dtypes: readonly DType[] = [...(Object.keys(arrayTypes) as (keyof typeof arrayTypes)[]), 'string'];

/** Returns an array for some elements, of the type that engines use. Its content is undefined. */
export function allocate(dtype: DType, length: number): TensorData {
  return dtype === 'string' ? new Array<string>(length) : new arrayTypes[dtype](length);
}

/** Returns the size of an element in memory; undefined for texts, which have none in common. */
export function bytesPerElement(dtype: DType): number | undefined {
  return dtype === 'string' ? undefined : arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** Packs elements into the array type that engines use. Each element must fit the dtype. */
export function pack(dtype: DType, values: readonly Scalar[]): TensorData {
  if (dtype === 'string') return values as readonly string[];
  if (dtype === 'bool') return new Uint8Array(values.map(Number));
  // Not from(), which takes several times as long because it iterates.
  return new (arrayTypes[dtype] as Float64ArrayConstructor)(values as readonly number[]);
}

/** Returns an array with the same elements and room for more, of the type that engines use. */
export function resize(dtype: DType, data: TensorData, length: number): TensorData {
  const resized = allocate(dtype, length);
  if (Array.isArray(data))
    for (let index = 0; index < data.length; index++) (resized as string[])[index] = data[index] as string;
  else (resized as Float64Array).set(data as Float64Array);
  return resized;
}

/** Returns the elements of a tensor, in order. */
export function unpack({ dtype, data }: Tensor): Scalar[] {
  return dtype === 'bool'
    ? Array.from<unknown, boolean>(data as Uint8Array, (value) => value !== 0 && value !== false)
    : Array.from<Scalar>(data);
}

function signed(bits: bigint): readonly [bigint, bigint] {
  return [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
}

function unsigned(bits: bigint): readonly [bigint, bigint] {
  return [0n, 2n ** bits - 1n];
}
