import type { Tensor, TensorData } from '../engine/engine.ts';
import type { Cell, CellTensor, Row } from '../signature/cells.ts';
import { allocate, pack, type Scalar } from '../signature/dtypes.ts';
import type { Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';

/** Returns whether rows can share one run: only tensors of the same shape can be stacked. */
export function canShareRun({ features }: Signature, rows: readonly Row[]): boolean {
  return features.every(
    ({ shape, optional }, index) =>
      (shape.length === 0 && !optional) || rows.every((row) => sameShape(row[index], rows[0]?.[index])),
  );
}

function sameShape(a: Cell | undefined, b: Cell | undefined): boolean {
  if (a === null || b === null) return a === b;
  if (typeof a !== 'object' && typeof b !== 'object') return true;
  return (
    typeof a === 'object' && typeof b === 'object' && a.shape.every((dimension, axis) => dimension === b.shape[axis])
  );
}

/** Returns the input tensors for some rows; for a single row if the model is unbatched. */
export function encodeRows({ inputs, features, batching }: Signature, rows: readonly Row[]): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  let first = 0;
  for (const { name, dtype } of inputs) {
    const width = features.findIndex((feature, index) => index >= first && feature.input !== name);
    const end = width === -1 ? features.length : width;
    // An optional input that the rows leave out.
    if (rows[0]?.[first] !== null)
      feeds[name] = { dtype, ...encodeInput(features.slice(first, end), rows, first, batching === 'unbatched', dtype) };
    first = end;
  }
  return feeds;
}

function encodeInput(
  features: readonly Feature[],
  rows: readonly Row[],
  first: number,
  unbatched: boolean,
  dtype: Tensor['dtype'],
): Omit<Tensor, 'dtype'> {
  const [feature] = features;
  if (feature?.column !== undefined) {
    const values: Scalar[] = [];
    for (const row of rows)
      for (let column = 0; column < features.length; column++) values.push(row[first + column] as Scalar);
    return { shape: [rows.length, features.length], data: pack(dtype, values) };
  }
  const cells = rows.map((row) => row[first]);
  const { shape, parts }: Pick<CellTensor, 'shape' | 'parts'> =
    typeof cells[0] === 'object' && cells[0] !== null ? cells[0] : { shape: [] };
  const stacked = stackArrays(dtype, cells);
  if (stacked !== undefined) return { shape: unbatched ? shape : [rows.length, ...shape], data: stacked };
  // Not flat(): a row that is a tensor may have thousands of elements.
  const data: Scalar[] = [];
  for (const cell of cells) {
    if (cell === null) continue;
    if (typeof cell === 'object')
      for (let index = 0; index < cell.data.length; index++) data.push(cell.data[index] as Scalar);
    else if (cell !== undefined) data.push(cell);
  }
  return {
    shape: unbatched ? shape : [rows.length, ...shape],
    data: pack(dtype, data),
    ...(parts !== undefined && { parts }),
  };
}

/** Stacks what is decoded, which has the type of the input already. Returns undefined for other values. */
function stackArrays(dtype: Tensor['dtype'], cells: readonly (Cell | undefined)[]): TensorData | undefined {
  const arrays = cells.map((cell) => (typeof cell === 'object' ? cell?.data : undefined));
  if (!arrays.every((data): data is Float64Array => ArrayBuffer.isView(data))) return undefined;
  const [only] = arrays;
  if (only !== undefined && arrays.length === 1) return only;
  const whole = allocate(
    dtype,
    arrays.reduce((sum, { length }) => sum + length, 0),
  ) as Float64Array;
  let at = 0;
  for (const data of arrays) {
    whole.set(data, at);
    at += data.length;
  }
  return whole;
}
