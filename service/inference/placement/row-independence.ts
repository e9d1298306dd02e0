import { outputsCarryRows } from '../../../onnx/batch/decode-predictions.ts';
import type { DType, Session } from '../../../onnx/engine/engine.ts';
import type { TensorSpec } from '../../../onnx/signature/tensor-spec.ts';
import { rowSize, sameRowShape, stack, type Piece } from '../batch.ts';
import type { Tensors } from '../run.ts';

/**
 * The largest relative difference between the outputs of a row alone and with others, absolute below 1. A matrix
 * product rounds differently for other numbers of rows. No larger than what examples are checked with.
 */
const tolerances: Readonly<Partial<Record<DType, number>>> = { float16: 1e-4, float32: 1e-5, float64: 1e-9 };

/** A row of the model's inputs, and what the model returned for it alone. */
export interface KnownRow {
  readonly feeds: Tensors;
  readonly outputs: Tensors;
}

/** An output, and how precise it is. */
export type ComparedOutput = Pick<TensorSpec, 'name' | 'decimals'>;

/** The order in which the rows are stacked the second time: none has the neighbours that it had before. */
const otherOrder = [2, 0, 3, 1];

/**
 * Checks that rows do not influence each other: stacked, and in another order, each must have the same outputs as
 * alone. Some exporters declare a dynamic batch although the graph normalizes or quantizes over all rows of a run.
 *
 * @param rows four different rows
 * @returns why the rows are not independent; undefined if they are
 * @throws {EngineError} if a run fails
 */
export async function rowDependence(
  rows: readonly KnownRow[],
  inputs: readonly string[],
  outputs: readonly ComparedOutput[],
  session: Pick<Session, 'run'>,
): Promise<string | undefined> {
  const fetches = outputs.map(({ name }) => name);
  const orders = [rows, otherOrder.flatMap((index) => rows[index] ?? []), rows.slice(0, 2).toReversed()];
  for (const order of orders) {
    const together = await session.run(stacked(order, inputs), fetches);
    const problem = outputsDiffer(order, order.length, together, outputs);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Returns the inputs of a run with these rows. */
export function stacked(rows: readonly KnownRow[], inputs: readonly string[]): Tensors {
  return stack(
    rows.map((job): Piece => ({ job, firstRow: 0, rows: 1 })),
    inputs,
  );
}

/**
 * Returns how the outputs of a run differ from those of its rows alone; undefined if they do not.
 *
 * @param rows the first rows of the run, which the others repeat
 * @param count the number of rows of the run
 */
export function outputsDiffer(
  rows: readonly KnownRow[],
  count: number,
  together: Tensors,
  outputs: readonly ComparedOutput[],
): string | undefined {
  const names = outputs.map(({ name }) => name);
  if (!outputsCarryRows(together, names, count)) return 'an output does not have one row for each row of the inputs';
  for (const { name, decimals } of outputs) {
    // Comparing a thousand rows one by one takes as long as everything else that measures a tiny model.
    const compared = repeats(together[name], rows.length) ? rows.length : count;
    for (let index = 0; index < compared; index++)
      if (!sameRow(rows[index % rows.length]?.outputs[name], together[name], index, decimals))
        return `the output '${name}' of a row changes with the other rows in the same run`;
  }
  return undefined;
}

/** Returns whether the first rows of a tensor follow each other again and again, bit by bit. */
function repeats(tensor: Tensors[string] | undefined, rows: number): boolean {
  if (tensor === undefined || !ArrayBuffer.isView(tensor.data)) return false;
  const { buffer, byteOffset, byteLength, BYTES_PER_ELEMENT: elementBytes } = tensor.data;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const period = rows * rowSize(tensor.shape) * elementBytes;
  return bytes.subarray(period).equals(bytes.subarray(0, Math.max(0, byteLength - period)));
}

/** Returns whether a tensor of one row is the row `index` of another tensor. */
function sameRow(
  alone: Tensors[string] | undefined,
  together: Tensors[string] | undefined,
  index: number,
  decimals = Infinity,
): boolean {
  if (alone === undefined || together === undefined) return false;
  if (alone.dtype !== together.dtype || !sameRowShape(alone.shape, together.shape)) return false;
  const [rounding, precision] = [1.01 * 10 ** -decimals, tolerances[alone.dtype]];
  // What differs by less may be rounded to another last digit.
  const tolerance = precision && Math.max(precision, rounding);
  const size = rowSize(alone.shape);
  for (let element = 0; element < size; element++) {
    const [a, b] = [alone.data[element], together.data[index * size + element]];
    if (Object.is(a, b) || a === b) continue;
    if (tolerance === undefined || typeof a !== 'number' || typeof b !== 'number') return false;
    if (!(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(a)))) return false;
  }
  return true;
}
