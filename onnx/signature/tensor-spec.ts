import type { DType, TensorInfo } from '../engine/engine.ts';

/** A tensor that a model takes or gives. A dynamic dimension is its symbol, or '' where it has none. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** The model is valid, but is not one that can be served, or `model.json` contradicts it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/** @throws SignatureError where an element type is none that the service has */
export function toTensorSpec({ name, dtype, shape }: TensorInfo, what: 'input' | 'output'): TensorSpec {
  if (dtype === undefined) {
    throw new SignatureError(
      `${what} '${name}' is no tensor of numbers, strings or booleans: export the model with a tensor there`,
    );
  }
  return { name, dtype, shape };
}

/** `'image' (float32[N, 3, 8, 8])`. */
export function describeTensor({ name, dtype, shape }: TensorSpec): string {
  return `'${name}' (${formatTensorType(dtype, shape)})`;
}

/** `float32[N, 3, 8, 8]`; of a scalar the dtype alone. */
export function formatTensorType(dtype: DType, shape: readonly (number | string)[]): string {
  return shape.length === 0
    ? dtype
    : `${dtype}[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]`;
}
