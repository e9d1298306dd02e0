import { arrayTypes } from './array-types.ts';
import type { Tensor, TensorInfo } from './engine.ts';

const [PREFIX, SUFFIX, RETURNED] = ['rhizome/', '/given', '/is-returned'] as const;

/** Returns the name of the input that says whether an optional input has a value. The engine alone knows it. */
export const givenInput = (name: string): string => `${PREFIX}${name}${SUFFIX}`;

/** Returns the name of the output that says whether an optional output has a value. */
export const returnedOutput = (name: string): string => `${PREFIX}${name}${RETURNED}`;

/** Marks the inputs that may be left out, and hides those that say so. */
export const withOptionalInputs = (inputs: readonly TensorInfo[]): readonly TensorInfo[] =>
  marked(inputs, SUFFIX, givenInput);

/** Marks the outputs that may be absent, and hides those that say so. */
export const withOptionalOutputs = (outputs: readonly TensorInfo[]): readonly TensorInfo[] =>
  marked(outputs, RETURNED, returnedOutput);

function marked(infos: readonly TensorInfo[], suffix: string, flagOf: (name: string) => string): TensorInfo[] {
  const names = new Set(infos.map(({ name }) => name));
  return infos
    .filter(({ name }) => !(name.endsWith(suffix) && names.has(name.slice(PREFIX.length, -suffix.length))))
    .map((info) => (names.has(flagOf(info.name)) ? { ...info, optional: true } : info));
}

/** Removes the outputs of a run that are absent, and what says so. */
export function withoutAbsent(
  optional: readonly TensorInfo[],
  outputs: Record<string, Tensor>,
): Record<string, Tensor> {
  for (const { name } of optional) {
    const flag = returnedOutput(name);
    if (outputs[flag]?.data[0] === 0) Reflect.deleteProperty(outputs, name);
    Reflect.deleteProperty(outputs, flag);
  }
  return outputs;
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
