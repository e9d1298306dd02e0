import type { Tensor, TensorData } from '../engine/engine.ts';
import type { Cell, CellTensor, Row } from '../signature/cells.ts';
import { allocate, pack, type Scalar } from '../signature/dtypes.ts';
import { inputsOf, type Feature } from '../signature/features.ts';
import type { Signature } from '../signature/signature.ts';
import { namesOfInputs } from '../signature/tokens.ts';

/** Returns whether rows can share one run: only tensors of the same shape can be stacked. */
export function canShareRun({ features }: Signature, rows: readonly Row[]): boolean {
  return features.every(
    ({ shape, optional, decode }, index) =>
      (shape.length === 0 && !optional && decode === undefined) ||
      rows.every((row) => sameShape(row[index], rows[0]?.[index])),
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
  for (const { name, dtype } of inputs) {
    const first = features.findIndex((feature) => inputsOf(feature).includes(name));
    // An optional input that the rows leave out.
    if (rows[0]?.[first] === null) continue;
    const tokens = features[first]?.decode?.tokens;
    feeds[name] =
      tokens === undefined
        ? { dtype, ...encodeInput(ofInput(features, name), rows, first, batching === 'unbatched', dtype) }
        : encodeTokens(rows, first, namesOfInputs(tokens.inputs).indexOf(name), dtype);
  }
  return feeds;
}

const ofInput = (features: readonly Feature[], name: string): Feature[] =>
  features.filter(({ input }) => input === name);

/** Returns one of the inputs that texts become: their cells have a row for each. */
function encodeTokens(rows: readonly Row[], feature: number, part: number, dtype: Tensor['dtype']): Tensor {
  const cells = rows.map((row) => row[feature] as CellTensor);
  const [, length = 0] = cells[0]?.shape ?? [];
  const data = allocate(dtype, cells.length * length) as BigInt64Array | Int32Array;
  let at = 0;
  for (const { data: values } of cells)
    for (let index = part * length; index < (part + 1) * length; index++)
      data[at++] = dtype === 'int64' ? BigInt(values[index] as number) : (values[index] as number);
  return { dtype, shape: [cells.length, length], data };
}

/** Returns which rows share a run, as lists of their indices. */
export function groupRows(signature: Signature, rows: readonly Row[]): readonly (readonly number[])[] {
  const all = [...rows.keys()];
  if (signature.batching !== 'batched') return all.map((index) => [index]);
  if (canShareRun(signature, rows)) return [all];
  const shapeOf = (cell: Cell): string => (typeof cell === 'object' ? (cell?.shape.join() ?? 'none') : '');
  return [...Map.groupBy(all, (index) => (rows[index] ?? []).map(shapeOf).join(';')).values()];
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
