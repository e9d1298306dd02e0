import type { Conversions } from '../graph/conversions.ts';

/** An element type of tensors, as onnxruntime spells it. */
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

/** `Float16Array`, if the `lib` of the program has it: these types must also compile in programs without it. */
type Float16Data = typeof globalThis extends { readonly Float16Array: { readonly prototype: infer Floats } }
  ? Floats
  : never;

export type TensorData =
  | Float16Data
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

/** A tensor in row-major order; `data.length` is the product of `shape`. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
  /**
   * For a sequence of tensors whose shapes differ: their shapes. `data` then has the elements of all, one tensor after
   * another, and `shape` is only their number. A sequence of tensors of one shape is a tensor that stacks them.
   */
  readonly parts?: readonly (readonly number[])[];
}

/** What a model declares about an input or output. A dynamic dimension is its symbolic name, or '' if it has none. */
export interface TensorInfo {
  readonly name: string;
  /** Undefined for sequences and maps, which an engine cannot return. */
  readonly dtype: DType | undefined;
  readonly shape: readonly (number | string)[];
  /** Whether a run needs no such input, or may return no such output. @default false */
  readonly optional?: boolean;
  /**
   * Whether it is a sequence of tensors. The first dimension then counts them, and the others are those of each. The
   * shape is [] if not even the number of their dimensions is known.
   * @default false
   */
  readonly sequence?: boolean;
}

/** A loaded model. Several runs may be in progress at once; a failed run does not affect the others. */
export interface Session {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * Runs the model.
   *
   * @param fetches names of the outputs to return; the engine skips the others if it can
   * @returns tensors that belong to the caller, and share no memory with the inputs
   * @throws {EngineError} if the inputs do not fit the model, or the run fails
   */
  run(feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[]): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

/** A file next to the model, in memory. */
export interface ExternalFile {
  /** The path as the model writes it. */
  readonly path: string;
  readonly data: Uint8Array;
}

export interface EngineOptions {
  /** Threads that one run may use: the container's CPU limit, since engines see only the host's cores. */
  readonly threads: number;
  /**
   * Files that hold the model's weights; not needed after loading.
   * @default none
   */
  readonly externalData?: readonly ExternalFile[];
  /** What Rhizome has added to the graph. @default nothing */
  readonly conversions?: Conversions;
}

/** What runs the operators of a model: processors, or a GPU with CUDA. */
export type ExecutionProvider = 'cpu' | 'cuda';

/** Loads models so that they can run. */
export interface Engine {
  /** @throws {EngineError} if the bytes are not a model that this engine can run */
  load(model: Uint8Array, options: EngineOptions): Promise<Session>;
}

/** What went wrong in loading or running a model. Code branches on this, never on a message. */
export type EngineErrorCode =
  // Loading
  | 'unsupported-ir-version'
  | 'unsupported-opset'
  | 'unknown-operator'
  | 'custom-operator'
  | 'unsupported-type'
  | 'invalid-graph'
  | 'load-failed'
  | 'provider-unavailable'
  // Loading or running
  | 'out-of-memory'
  // Running
  | 'empty-sequence'
  | 'ragged-sequence'
  | 'run-failed'
  // In a process of its own (./process/)
  | 'outputs-too-large'
  | 'process-died'
  | 'process-killed';

/** The reasons for these are the engine's own words; the others already say what happened. */
const introductions: Readonly<Partial<Record<EngineErrorCode, string>>> = {
  'load-failed': 'the ONNX runtime cannot load the model: ',
  'run-failed': 'the model cannot be run: ',
};

/** A model cannot be loaded, or a run failed. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  /** Why, for messages that already say that the load or run failed. */
  readonly reason: string;

  // Not ErrorOptions, which the `lib` es2020 lacks.
  constructor(code: EngineErrorCode, reason: string, options?: { readonly cause?: unknown }) {
    super(`${introductions[code] ?? ''}${reason}`, options);
    this.code = code;
    this.reason = reason;
  }
}
