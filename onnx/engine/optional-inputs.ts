import { arrayTypes } from './array-types.ts';
import type { Tensor, TensorInfo } from './engine.ts';

const [PREFIX, SUFFIX] = ['rhizome/', '/given'] as const;

/** Returns the name of the input that says whether an optional input has a value. The engine alone knows it. */
export const givenInput = (name: string): string => `${PREFIX}${name}${SUFFIX}`;

/** Marks the inputs that may be left out, and hides those that say so. */
export function withOptional(inputs: readonly TensorInfo[]): readonly TensorInfo[] {
  const names = new Set(inputs.map(({ name }) => name));
  return inputs
    .filter(({ name }) => !(name.endsWith(SUFFIX) && names.has(name.slice(PREFIX.length, -SUFFIX.length))))
    .map((input) => (names.has(givenInput(input.name)) ? { ...input, optional: true } : input));
}

/** Completes the inputs of a run: what says whether an optional input has a value, and a placeholder if it has none. */
export function withGiven(
  optional: readonly TensorInfo[],
  feeds: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  const all: Record<string, Tensor> = { ...feeds };
  for (const { name, dtype = 'float32', shape: declared, sequence } of optional) {
    const given = Object.hasOwn(feeds, name);
    all[givenInput(name)] = { dtype: 'bool', shape: [], data: Uint8Array.of(Number(given)) };
    // A sequence without a value is empty.
    if (given || sequence) continue;
    const shape = declared.map((size) => (typeof size === 'number' ? size : 1));
    const length = shape.reduce((product, size) => product * size, 1);
    all[name] = {
      dtype,
      shape,
      data: dtype === 'string' ? new Array<string>(length).fill('') : new arrayTypes[dtype](length),
    };
  }
  return all;
}
