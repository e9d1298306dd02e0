/** Pure functions on the rows of tensors: the first dimension counts the rows. */
import type { Tensor, TensorData } from '../../onnx/engine/engine.ts';
import { allocate } from '../../onnx/signature/dtypes.ts';
import type { RunResult, Tensors } from './run.ts';

/** Some rows of a request's tensors. */
export interface Piece {
  readonly job: { readonly feeds: Tensors };
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Stacks the rows of several requests, in order. Their tensors differ only in the number of rows.
 *
 * @param names the names of the inputs
 */
export function stack(pieces: readonly Piece[], names: readonly string[]): Tensors {
  let rows = 0;
  for (const piece of pieces) rows += piece.rows;
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return sliceRows(only.job.feeds, names, only.firstRow, rows);
  const feeds: Record<string, Tensor> = {};
  for (const name of names) {
    const tensor = only?.job.feeds[name];
    if (tensor === undefined) continue;
    const size = rowSize(tensor.shape);
    const data = allocate(tensor.dtype, rows * size);
    let at = 0;
    for (const { job, firstRow, rows: count } of pieces) {
      copy(data, at, job.feeds[name]?.data ?? [], firstRow * size, count * size);
      at += count * size;
    }
    feeds[name] = { dtype: tensor.dtype, shape: [rows, ...tensor.shape.slice(1)], data };
  }
  return feeds;
}

/** Returns some rows of tensors as views: nothing is copied, but for strings. */
export function sliceRows(tensors: Tensors, names: readonly string[], first: number, rows: number): Tensors {
  const slices: Record<string, Tensor> = {};
  let whole = true;
  for (const name of names) {
    const tensor = tensors[name];
    if (tensor === undefined) continue;
    const slice = sliceTensor(tensor, first, rows);
    if (slice !== tensor) whole = false;
    slices[name] = slice;
  }
  return whole ? tensors : slices;
}

function sliceTensor(tensor: Tensor, first: number, rows: number): Tensor {
  const { dtype, shape, data } = tensor;
  if (first === 0 && shape[0] === rows) return tensor;
  const size = rowSize(shape);
  const [from, to] = [first * size, (first + rows) * size];
  return {
    dtype,
    shape: [rows, ...shape.slice(1)],
    data: ArrayBuffer.isView(data) ? data.subarray(from, to) : data.slice(from, to),
  };
}

/** Returns the request's own part of a result, as views. */
export function ownOutputs({ outputs, firstRow, rows, shared }: RunResult): Tensors {
  return shared ? sliceRows(outputs, Object.keys(outputs), firstRow, rows) : outputs;
}

/** Puts the outputs of a request together if its rows were run in several runs. */
export class RowCollector {
  readonly #rows: number;
  readonly #outputs: Record<string, Tensor> = {};
  #missing: number;
  #empty = true;

  constructor(rows: number) {
    this.#rows = rows;
    this.#missing = rows;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  get outputs(): Tensors {
    return this.#outputs;
  }

  /**
   * Copies rows of a run's outputs to their place.
   *
   * @returns false if they do not fit: their type or shape differs from that of the rows before
   */
  add(outputs: Tensors, firstRow: number, at: number, rows: number): boolean {
    const entries = Object.entries(outputs);
    if (this.#empty) {
      for (const [name, { dtype, shape }] of entries) {
        const data = allocate(dtype, this.#rows * rowSize(shape));
        this.#outputs[name] = { dtype, shape: [this.#rows, ...shape.slice(1)], data };
      }
      this.#empty = false;
    }
    const fits = entries.every(([name, { dtype, shape }]) => {
      const target = this.#outputs[name];
      return target?.dtype === dtype && sameRowShape(target.shape, shape);
    });
    if (!fits) return false;
    for (const [name, { shape, data }] of entries) {
      const size = rowSize(shape);
      copy(this.#outputs[name]?.data ?? [], at * size, data, firstRow * size, rows * size);
    }
    this.#missing -= rows;
    return true;
  }
}

/** Returns whether two shapes differ only in the number of rows. */
export function sameRowShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 1; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Returns the number of elements in one row. */
export function rowSize(shape: readonly number[]): number {
  let size = 1;
  for (let axis = 1; axis < shape.length; axis++) size *= shape[axis] ?? 0;
  return size;
}

/** A call of `set` costs as much as copying this many elements in a loop. */
const FEW_ELEMENTS = 32;

function copy(target: TensorData, at: number, source: TensorData, from: number, count: number): void {
  if (count > FEW_ELEMENTS && ArrayBuffer.isView(target) && ArrayBuffer.isView(source)) {
    const part = count === source.length ? source : source.subarray(from, from + count);
    (target as Float32Array).set(part as Float32Array, at);
    return;
  }
  // Both have the same element type.
  const to = target as unknown as number[];
  const values = source as unknown as ArrayLike<number>;
  for (let index = 0; index < count; index++) to[at + index] = values[from + index] as number;
}
