import type { Tensor } from '../../onnx/engine/engine.ts';
import { allocate } from '../../onnx/signature/dtypes.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import type { TensorSpec } from '../../onnx/signature/tensor-spec.ts';
import { ServiceError } from '../errors.ts';
import type { EmptyTrials } from './empty-trials.ts';
import { formatValue } from './format-value.ts';
import type { Tensors } from './run.ts';
import { invalidTensor } from './tensor-shape.ts';

/** A dimension that is 0 although the graph does not declare that. */
export interface EmptyDimension {
  readonly name: string;
  readonly axis: number;
  readonly shape: readonly number[];
}

/** The other dimensions of a tensor without elements may have this product: outputs can be as large as they say. */
const MOST_HIDDEN = 2 ** 20;

/** Returns the dimensions that a client has chosen to be 0; undefined, without a list, if there are none. */
export function emptyDimensions(inputs: readonly TensorSpec[], feeds: Tensors): EmptyDimension[] | undefined {
  let found: EmptyDimension[] | undefined;
  for (const { name, shape: declared, sequence } of inputs) {
    const { shape = [], parts } = feeds[name] ?? {};
    if (parts !== undefined) {
      const empty = parts.find((part) => part.some((size, axis) => size === 0 && declared[axis + 1] !== 0));
      if (empty !== undefined) (found ??= []).push({ name, axis: empty.indexOf(0), shape: empty });
      continue;
    }
    // A sequence may have no tensors, whatever their dimensions would be.
    if (sequence && shape[0] === 0) continue;
    for (let axis = 0; axis < shape.length; axis++)
      if (shape[axis] === 0 && declared[axis] !== 0) (found ??= []).push({ name, axis, shape });
  }
  return found;
}

/**
 * Checks that the model survives tensors without elements.
 *
 * @throws {ServiceError} `invalid-input`, naming the first of the dimensions
 */
export async function checkEmpty(
  empty: readonly EmptyDimension[],
  feeds: Tensors,
  trials: EmptyTrials | undefined,
): Promise<void> {
  const small = empty.every(
    ({ shape }) => shape.reduce((product, size) => product * Math.max(size, 1), 1) <= MOST_HIDDEN,
  );
  const kind = empty.map(({ name, axis }) => `${axis} ${name}`).join('\n');
  if (trials !== undefined && small && (await trials.survives(kind, feeds))) return;
  for (const { name, axis, shape } of empty)
    throw invalidTensor(name, `dimension ${axis} of the shape [${shape.join(', ')}] is 0, expected at least 1`);
}

/**
 * Answers a request without rows, which never reaches the runtime.
 *
 * @param feeds tensors that match the signature
 * @param empty the dimensions that are 0
 * @returns outputs without rows; undefined if the request has rows
 * @throws {ServiceError} `invalid-input` if only some inputs have no rows, or if an output's dimensions are not
 *   declared
 */
export function outputsWithoutRows(
  { batching, inputs, outputs }: Pick<Signature, 'batching' | 'inputs' | 'outputs'>,
  feeds: Tensors,
  empty: readonly EmptyDimension[],
  fetches: readonly string[],
): Tensors | undefined {
  const without = empty.find(({ axis }) => axis === 0);
  if (batching !== 'batched' || without === undefined) return undefined;
  const { name: first } = without;
  for (const { name } of inputs)
    if (feeds[name]?.shape[0] !== 0)
      throw invalidTensor(first, `it has no rows, but ${formatValue(name)} has ${feeds[name]?.shape[0] ?? 0}`);
  const results: Record<string, Tensor> = {};
  for (const { name, dtype, shape } of outputs) {
    if (!fetches.includes(name)) continue;
    const row = shape.slice(1).filter((dimension) => typeof dimension === 'number');
    if (row.length !== shape.length - 1)
      throw new ServiceError(
        'invalid-input',
        `Input ${formatValue(first)} has no rows, and the dimensions of the output '${name}' depend on its rows. ` +
          'Send at least one row.',
      );
    results[name] = { dtype, shape: [0, ...row], data: allocate(dtype, 0) };
  }
  return results;
}
