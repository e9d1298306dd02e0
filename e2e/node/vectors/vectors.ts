import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { arrayTypes } from '../../../onnx/engine/array-types.ts';
import type { DType, Tensor } from '../../../onnx/engine/engine.ts';

/** A tensor; the tensors of a sequence; null for a value that is absent. */
export type Value = Tensor | readonly Value[] | null;
export type Values = Readonly<Record<string, Value>>;

/** A model of the ONNX project's tests, with what goes in and what Python's onnxruntime returns. */
export interface Vector {
  readonly name: string;
  readonly rtol: number;
  readonly atol: number;
  readonly sets: readonly (readonly [inputs: Values, outputs: Values])[];
}

/** As export.py writes it. */
type Written =
  | { readonly dtype: 'string'; readonly shape: readonly number[]; readonly texts: readonly string[] }
  | {
      readonly dtype: Exclude<DType, 'string'>;
      readonly shape: readonly number[];
      readonly start: number;
      readonly end: number;
    }
  | readonly Written[]
  | null;
type WrittenVector = Omit<Vector, 'sets'> & {
  readonly sets: readonly (readonly [Readonly<Record<string, Written>>, Readonly<Record<string, Written>>])[];
};

/** Reads the vectors that `.ci/onnx-vectors` wrote. */
export async function readVectors(folder: string): Promise<Vector[]> {
  const { buffer, byteOffset } = await readFile(join(folder, 'tensors.bin'));
  const value = (written: Written): Value => {
    if (written === null) return null;
    if (Array.isArray(written)) return (written as readonly Written[]).map(value);
    const tensor = written as Exclude<Written, readonly Written[] | null>;
    const { dtype, shape } = tensor;
    if (tensor.dtype === 'string') return { dtype, shape, data: tensor.texts };
    const ArrayType = arrayTypes[tensor.dtype];
    const length = (tensor.end - tensor.start) / ArrayType.BYTES_PER_ELEMENT;
    return { dtype, shape, data: new ArrayType(buffer, byteOffset + tensor.start, length) };
  };
  const values = (written: Readonly<Record<string, Written>>): Values =>
    Object.fromEntries(Object.entries(written).map(([name, each]) => [name, value(each)]));
  const list = JSON.parse(await readFile(join(folder, 'vectors.json'), 'utf8')) as WrittenVector[];
  return list.map(({ sets, ...vector }) => ({
    ...vector,
    sets: sets.map(([inputs, outputs]) => [values(inputs), values(outputs)]),
  }));
}
