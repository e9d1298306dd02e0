/** Where the engine and the program's `lib` have Float16Array, that; else the 16 bits of each as Uint16Array. */
export type Halves = typeof globalThis extends { readonly Float16Array: { readonly prototype: infer Floats } }
  ? Floats
  : Uint16Array;

/** The Open Inference Protocol's element types, and what their values are here. */
export interface TensorData {
  readonly FP16: Halves;
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
  /** In UTF-8. */
  readonly BYTES: readonly string[];
}

export type Datatype = keyof TensorData;

/** Values in row-major order; `data.length` is the product of `shape`. */
export interface InferInput {
  readonly name: string;
  readonly shape: readonly number[];
  /** Plain numbers need a `datatype` beside them. */
  readonly data: TensorData[Datatype] | readonly (number | bigint)[];
  /** @default what a typed array, bigint (INT64), boolean or string tells; a Uint16Array is UINT16, unless FP16 is given */
  readonly datatype?: Datatype;
}

/** One type for each datatype: to compare `datatype` tells TypeScript what `data` is. */
export type InferOutput = {
  [D in Datatype]: {
    readonly name: string;
    readonly datatype: D;
    readonly shape: readonly number[];
    readonly data: TensorData[D];
  };
}[Datatype];

/** The typed arrays whose bytes are the protocol's: little-endian, as are the machines of every JavaScript engine of note. */
export type NumericDatatype = Exclude<Datatype, 'BOOL' | 'BYTES'>;

type ArrayOf<A> = new (buffer: ArrayBuffer) => A;

const halves =
  (globalThis as { readonly Float16Array?: ArrayOf<Halves> }).Float16Array ??
  (Uint16Array as unknown as ArrayOf<Halves>);

export const arrayTypes: { readonly [D in NumericDatatype]: ArrayOf<TensorData[D]> } = {
  FP16: halves,
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

export const elementCount = (shape: readonly number[]): number =>
  shape.reduce((product, dimension) => product * dimension, 1);
