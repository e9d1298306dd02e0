import type { Tensor } from '../../onnx/engine/engine.ts';

/** Tensors by the name of the input or output. */
export type Tensors = Readonly<Record<string, Tensor>>;

export interface RunOptions {
  /** When the result stops being useful, in milliseconds as returned by `performance.now()`. */
  readonly deadline: number;
  /** Returns true once the client has left: the work is dropped before it runs. */
  readonly abandoned?: () => boolean;
  /** True for a further run of a request that is already accepted: it is not refused because the queue is full. */
  readonly continued?: boolean;
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
