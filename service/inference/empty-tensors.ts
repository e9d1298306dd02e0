import type { Tensor } from '../../onnx/engine/engine.ts';
import { allocate } from '../../onnx/signature/dtypes.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { ServiceError } from '../errors.ts';
import { formatValue } from './format-value.ts';
import type { Tensors } from './run.ts';
import { invalidTensor } from './tensor-shape.ts';

/**
 * Answers a request without rows. Tensors without elements never reach the runtime: some operators divide by a
 * dimension, and a division by zero ends the process.
 *
 * @param feeds tensors that match the signature
 * @returns outputs without rows; undefined if every input has elements
 * @throws {ServiceError} `invalid-input` if an input has no elements for another reason, or if an output's dimensions
 *   are not declared
 */
export function outputsWithoutRows(
  { batching, inputs, outputs }: Pick<Signature, 'batching' | 'inputs' | 'outputs'>,
  feeds: Tensors,
  fetches: readonly string[],
): Tensors | undefined {
  let empty: string | undefined;
  for (const { name } of inputs) {
    const shape = feeds[name]?.shape ?? [];
    for (let axis = 0; axis < shape.length; axis++) {
      if (shape[axis] !== 0) continue;
      if (axis > 0 || batching !== 'batched')
        throw invalidTensor(name, `dimension ${axis} of the shape [${shape.join(', ')}] is 0, expected at least 1`);
      empty ??= name;
    }
  }
  if (empty === undefined) return undefined;
  for (const { name } of inputs)
    if (feeds[name]?.shape[0] !== 0)
      throw invalidTensor(empty, `it has no rows, but ${formatValue(name)} has ${feeds[name]?.shape[0] ?? 0}`);
  const results: Record<string, Tensor> = {};
  for (const { name, dtype, shape } of outputs) {
    if (!fetches.includes(name)) continue;
    const row = shape.slice(1).filter((dimension) => typeof dimension === 'number');
    if (row.length !== shape.length - 1)
      throw new ServiceError(
        'invalid-input',
        `Input ${formatValue(empty)} has no rows, and the dimensions of the output '${name}' depend on its rows. ` +
          'Send at least one row.',
      );
    results[name] = { dtype, shape: [0, ...row], data: allocate(dtype, 0) };
  }
  return results;
}
