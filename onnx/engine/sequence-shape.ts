import type { Tensor } from './engine.ts';

/**
 * Returns the shape of a sequence of tensors: stacked if all have the same shape, otherwise that of each.
 *
 * @param parts the shapes of the tensors
 * @param length how many elements they have together
 */
export function sequenceShape(parts: readonly (readonly number[])[], length: number): Pick<Tensor, 'shape' | 'parts'> {
  const [first = []] = parts;
  return parts.every((shape) => shape.length === first.length && shape.every((size, axis) => size === first[axis]))
    ? { shape: [parts.length, ...first] }
    : { shape: [length], parts };
}
