import { ServiceError } from '../errors.ts';
import { shown } from './format-value.ts';

/** More than any operator takes; what nests as deeply as a tensor has dimensions must not run out of stack. */
const MOST_DIMENSIONS = 32;
/** What the runtime can count, and far more than a request can carry. */
const MOST_ELEMENTS = 2 ** 31 - 1;

export interface TensorShape {
  readonly shape: readonly number[];
  /** Elements of a tensor of that shape. */
  readonly count: number;
}

/** A shape as a client sends it, checked. @throws ServiceError `invalid-input` naming the tensor */
export function readShape(name: string, sent: unknown): TensorShape {
  if (!Array.isArray(sent)) throw invalidTensor(name, `"shape" is ${shown(sent)}, expected an array of whole numbers`);
  if (sent.length > MOST_DIMENSIONS)
    throw invalidTensor(name, `the shape has ${sent.length} dimensions, at most ${MOST_DIMENSIONS} are possible`);
  const shape = sent.map((dimension: unknown, axis) => {
    const size = typeof dimension === 'bigint' ? Number(dimension) : dimension;
    if (typeof size !== 'number' || !Number.isInteger(size) || size < 0) {
      throw invalidTensor(
        name,
        `dimension ${axis} of the shape is ${shown(dimension)}, expected a whole number from 0 on`,
      );
    }
    return size;
  });
  // A dimension of 0 must not hide what the others multiply to.
  if (shape.reduce((product, size) => product * Math.max(size, 1), 1) > MOST_ELEMENTS) {
    throw invalidTensor(name, `the shape [${shape.join(', ')}] has more than ${MOST_ELEMENTS} elements`);
  }
  return { shape, count: shape.reduce((product, size) => product * size, 1) };
}

export function invalidTensor(name: string, problem: string, cause?: unknown): ServiceError {
  return new ServiceError('invalid-input', `Input ${shown(name)}: ${problem}.`, { cause });
}
