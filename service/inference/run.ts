import type { Tensor } from '../../onnx/engine/engine.ts';

/** Tensors by the name of the input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** Is told when a request waited and ran. Times are in milliseconds, as in `performance.now()`. */
export interface RunTrace {
  /** Images or texts of the request have become tensors, in which they may have waited for those of others. */
  decoded(from: number, to: number, failed: boolean): void;
  /** The request has left the queue for its first run. */
  waited(from: number, to: number): void;
  /**
   * A run with rows of the request has ended.
   *
   * @param requests how many requests shared the run
   * @param rows of all of them
   */
  ran(from: number, to: number, requests: number, rows: number, failed: boolean): void;
}

export interface RunOptions {
  /** When the result stops being useful, in milliseconds as returned by `performance.now()`. */
  readonly deadline: number;
  /** Returns true once the client has left: the work is dropped before it runs. */
  readonly abandoned?: () => boolean;
  /** True for a further run of a request that is already accepted: it is not refused because the queue is full. */
  readonly continued?: boolean;
  /** Undefined unless the request is traced. */
  readonly trace?: RunTrace | undefined;
}

export interface RunResult {
  /** The outputs of the whole run... */
  readonly outputs: Tensors;
  /** ...in which the rows of this request start here; 0 if the request ran alone. */
  readonly firstRow: number;
  /** The number of rows of this request. */
  readonly rows: number;
  /** Whether the outputs also have rows of other requests. */
  readonly shared: boolean;
}
