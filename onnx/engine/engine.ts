/** Element types of tensors, in onnxruntime's spelling. */
export type DType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'bool'
  | 'string';

export type TensorData =
  | Float16Array
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | readonly string[];

/** Values in row-major order; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** What a model declares of an input or output. A dynamic dimension is its symbolic name, or '' where it has none. */
export interface TensorInfo {
  readonly name: string;
  /** Undefined for sequences and maps, which cannot be fetched. */
  readonly dtype: DType | undefined;
  readonly shape: readonly (number | string)[];
}

/** A loaded model. Runs may be asked for at the same time; each answers for itself, and one that fails costs no other. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * @param fetches names of the outputs wanted; the rest is not computed where the engine can help it.
   * @throws EngineError when inputs do not fit the model, or the run fails.
   */
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

/** A file beside the model, in memory. */
export interface ExternalFile {
  /** As the model names it. */
  readonly path: string;
  readonly data: Uint8Array;
}

export interface EngineOptions {
  /** Threads that one run may use; a container's CPU limit, since engines see only the host's cores. */
  readonly threads: number;
  /**
   * Files that the model's weights are in; they are not needed once it is loaded.
   * @default none
   */
  readonly externalData?: readonly ExternalFile[];
}

export interface Engine {
  /** @throws EngineError when the bytes are no model that this engine can run. */
  load(model: Uint8Array, options: EngineOptions): Promise<Session>;
}

export class EngineError extends Error {
  override readonly name = 'EngineError';
}
