import { rowShapes } from '../signature/batching.ts';
import type { OutputValue } from '../signature/model-json.ts';
import type { Signature } from '../signature/signature.ts';
import type { TensorSpec } from '../signature/tensor-spec.ts';

/**
 * Marks the outputs whose first dimension counts what the model finds in a row, such as the objects in an image, if the
 * declared shapes leave that open: a value for one row then has that dimension, in an example or in a run. Each row has
 * its own run, since nobody would know which row something was found in.
 *
 * @param predictions each for one row, with the values of the outputs by name
 * @returns the signature as it is if nothing shows such an output, or one value contradicts another
 */
export function withRowlessOutputs(
  signature: Signature,
  predictions: readonly { readonly outputs?: Readonly<Record<string, OutputValue>> }[],
): Signature {
  const { inputs, outputs, output, batching } = signature;
  if (output.task !== 'tensors') return signature;
  const showsFinds = (spec: TensorSpec): boolean => {
    const [withoutRows, whole] = rowShapes(spec, batching, inputs);
    if (withoutRows === undefined || whole === undefined) return false;
    const values = predictions
      .map((prediction) => prediction.outputs?.[spec.name])
      .filter((value) => value !== undefined);
    return values.length > 0 && values.every((value) => hasShape(value, whole) && !hasShape(value, withoutRows));
  };
  const rowless = new Set(output.outputs.filter(showsFinds).map(({ name }) => name));
  if (rowless.size === 0) return signature;
  const mark = (spec: TensorSpec): TensorSpec => (rowless.has(spec.name) ? { ...spec, rowless: true } : spec);
  return {
    ...signature,
    batching: 'per-row',
    outputs: outputs.map(mark),
    output: { ...output, outputs: output.outputs.map(mark) },
  };
}

/** Returns whether a value has a declared shape; a dynamic dimension may have any size. */
function hasShape(value: OutputValue, [size, ...rest]: TensorSpec['shape']): boolean {
  if (size === undefined) return typeof value !== 'object';
  if (typeof value !== 'object' || (typeof size === 'number' && value.length !== size)) return false;
  return value.every((each) => hasShape(each, rest));
}
