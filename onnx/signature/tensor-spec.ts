import type { DType, TensorInfo } from '../engine/engine.ts';

/** An input or output of a model. A dynamic dimension is its symbol, or '' if it has none. */
export interface TensorSpec {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
  /** Whether a request may leave this input out, or a run may not return this output. @default false */
  readonly optional?: boolean;
  /**
   * Whether it is a sequence of tensors. The first dimension then counts them, and the others are those of each, which
   * may differ; the shape is [] if not even the number of their dimensions is known.
   * @default false
   */
  readonly sequence?: boolean;
  /**
   * Whether the first dimension of an output counts what a run finds, such as the objects in an image, not rows.
   * @default false
   */
  readonly rowless?: boolean;
  /** To how many digits after the point `model.json` rounds the numbers of an output. @default not rounded */
  readonly decimals?: number;
}

/** The model is valid, but cannot be served, or `model.json` contradicts it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
}

/**
 * Checks that what a session declares is a tensor with an element type that clients can send.
 *
 * @throws {SignatureError} if it is not
 */
export function toTensorSpec(
  { name, dtype, shape, optional, sequence }: TensorInfo,
  what: 'input' | 'output',
): TensorSpec {
  if (dtype === undefined) {
    throw new SignatureError(
      `${what} '${name}' is not a tensor of numbers, strings or booleans: export the model with such a tensor instead`,
    );
  }
  return { name, dtype, shape, ...(optional && { optional }), ...(sequence && { sequence }) };
}

/** Formats a tensor's name and type for a message: `'image' (float32[N, 3, 8, 8])`. */
export function describeTensor(spec: TensorSpec): string {
  return `'${spec.name}' (${formatType(spec)})`;
}

/** Formats the type of an input or output as graphs have it: `float32[N, 3, 8, 8]`, `optional(seq(float32[N, 3]))`. */
export function formatType({ dtype, shape, sequence, optional }: Omit<TensorSpec, 'name'>): string {
  const held = sequence ? `seq(${formatTensorType(dtype, shape.slice(1))})` : formatTensorType(dtype, shape);
  return optional ? `optional(${held})` : held;
}

/** Formats a type: `float32[N, 3, 8, 8]`, or only the dtype for a scalar. */
export function formatTensorType(dtype: DType, shape: readonly (number | string)[]): string {
  return shape.length === 0
    ? dtype
    : `${dtype}[${shape.map((dimension) => (dimension === '' ? '?' : dimension)).join(', ')}]`;
}
