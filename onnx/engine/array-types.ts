import type { DType } from './engine.ts';

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  // The command line starts on older versions of Node, which lack it.
  float16: globalThis.Float16Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** The types of `TensorData` by dtype, except for strings, which are in an ordinary array. */
export const arrayTypes: Readonly<Record<Exclude<DType, 'string'>, (typeof arrays)[keyof typeof arrays]>> = arrays;
