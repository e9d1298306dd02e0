/**
 * `Float16Array`, if both the JavaScript engine and the program's `lib` have it; otherwise its bits as `Uint16Array`.
 */
export type Float16Data = typeof globalThis extends { readonly Float16Array: { readonly prototype: infer Floats } }
  ? Floats
  : Uint16Array;

/** The Open Inference Protocol's datatypes, and the JavaScript types of a tensor's data. */
export interface TensorData {
  readonly FP16: Float16Data;
  readonly FP32: Float32Array;
  readonly FP64: Float64Array;
  readonly INT8: Int8Array;
  readonly INT16: Int16Array;
  readonly INT32: Int32Array;
  readonly INT64: BigInt64Array;
  readonly UINT8: Uint8Array;
  readonly UINT16: Uint16Array;
  readonly UINT32: Uint32Array;
  readonly UINT64: BigUint64Array;
  readonly BOOL: readonly boolean[];
  /** Sent as UTF-8. */
  readonly BYTES: readonly string[];
}

export type Datatype = keyof TensorData;

/** A tensor to send. */
export interface InferInput {
  /** The name of the model's input. */
  readonly name: string;
  /** The size of each dimension; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** All elements in row-major order: as many as the product of `shape`. Plain numbers need a `datatype`. */
  readonly data: TensorData[Datatype] | readonly (number | bigint)[];
  /**
   * The elements' type.
   * @default that of the typed array (`Uint16Array`: UINT16), or INT64 for bigints, BOOL for booleans, BYTES for
   * strings
   */
  readonly datatype?: Datatype;
}

/** A tensor of the response. Comparing its `datatype` narrows the type of `data`. */
export type InferOutput = {
  [D in Datatype]: {
    /** The name of the model's output. */
    readonly name: string;
    readonly datatype: D;
    /** The size of each dimension; `[]` is a scalar. */
    readonly shape: readonly number[];
    /** All elements in row-major order. */
    readonly data: TensorData[D];
  };
}[Datatype];

/** Those with a typed array whose bytes are the protocol's: little-endian, as all common JavaScript engines are. */
export type NumericDatatype = Exclude<Datatype, 'BOOL' | 'BYTES'>;

type ArrayOf<A> = new (buffer: ArrayBuffer) => A;

const float16Array =
  (globalThis as { readonly Float16Array?: ArrayOf<Float16Data> }).Float16Array ??
  (Uint16Array as unknown as ArrayOf<Float16Data>);

export const arrayTypes: { readonly [D in NumericDatatype]: ArrayOf<TensorData[D]> } = {
  FP16: float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
};

/** Returns the product of a shape's dimensions. */
export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, dimension) => product * dimension, 1);
