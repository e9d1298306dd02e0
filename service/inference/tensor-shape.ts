import { ServiceError } from '../errors.ts';
import { formatValue } from './format-value.ts';

/** More than any operator supports. The limit keeps code that recurses once per dimension within its stack. */
const MOST_DIMENSIONS = 32;
/** The most that the runtime can count, and far more than fits into a request. */
const MOST_ELEMENTS = 2 ** 31 - 1;

export interface TensorShape {
  readonly shape: readonly number[];
  /** The number of elements of a tensor with this shape. */
  readonly count: number;
}

/** Validates a shape from a client. @throws {ServiceError} `invalid-input`, naming the tensor */
export function readShape(name: string, sent: unknown): TensorShape {
  if (!Array.isArray(sent))
    throw invalidTensor(name, `"shape" is ${formatValue(sent)}, expected an array of whole numbers`);
  if (sent.length > MOST_DIMENSIONS)
    throw invalidTensor(name, `the shape has ${sent.length} dimensions, expected at most ${MOST_DIMENSIONS}`);
  const shape: number[] = [];
  let count = 1;
  // A dimension of 0 must not hide the product of the others.
  let product = 1;
  for (let axis = 0; axis < sent.length; axis++) {
    const dimension: unknown = sent[axis];
    const size = typeof dimension === 'bigint' ? Number(dimension) : dimension;
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw invalidTensor(
        name,
        `dimension ${axis} of the shape is ${formatValue(dimension)}, expected a whole number of at least 0`,
      );
    }
    shape.push(size);
    count *= size;
    product *= Math.max(size, 1);
  }
  if (product > MOST_ELEMENTS)
    throw invalidTensor(name, `the shape [${shape.join(', ')}] has more than ${MOST_ELEMENTS} elements`);
  return { shape, count };
}

/** Creates an `invalid-input` error that names the tensor. */
export function invalidTensor(name: string, problem: string, cause?: unknown): ServiceError {
  return new ServiceError('invalid-input', `Input ${formatValue(name)}: ${problem}.`, { cause });
}
