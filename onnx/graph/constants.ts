import { TENSOR } from './field-numbers.ts';
import { fields, int64s, message, text, type Field } from './protobuf.ts';
import type { Scope } from './scope.ts';

/** Integers that the graph holds: a list, or a single one. */
export interface Constant {
  readonly list: boolean;
  readonly values: readonly bigint[];
}

/**
 * Returns a value that the graph holds as int64 or int32, in a weight or a Constant node; undefined for values that a
 * run computes.
 */
export function constant(value: string, scope: Scope): Constant | undefined {
  const weight = scope.weight(value);
  if (weight !== undefined) return readTensor(weight);
  const origin = scope.origin(value);
  if (origin?.node.opType !== 'Constant' || origin.node.domain !== '') return undefined;
  const { node } = origin;
  const tensor = node.tensor('value');
  if (tensor !== undefined) return readTensor(tensor);
  const one = node.int('value_int');
  return one === undefined ? { list: true, values: node.ints('value_ints') } : { list: false, values: [one] };
}

/** Returns the strings of a weight; none if it holds numbers. */
export function weightTexts(value: string, scope: Scope): readonly string[] {
  const weight = scope.weight(value);
  return weight === undefined ? [] : [...fields(weight)].filter(({ number }) => number === TENSOR.stringData).map(text);
}

function readTensor(tensor: Uint8Array): Constant {
  const all = [...fields(tensor)];
  const numbers = (number: number): bigint[] =>
    all.filter((field) => field.number === number).flatMap((field) => [...int64s(field)]);
  const raw = all.find(({ number }) => number === TENSOR.rawData);
  const values =
    raw === undefined
      ? [...numbers(TENSOR.int64Data), ...numbers(TENSOR.int32Data)]
      : readRaw(raw, numbers(TENSOR.dataType)[0] === 6n ? 4 : 8);
  return { list: numbers(TENSOR.dims).length > 0, values };
}

function readRaw(raw: Field, width: 4 | 8): bigint[] {
  const bytes = message(raw);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.byteLength / width }, (_, index) =>
    width === 8 ? view.getBigInt64(index * 8, true) : BigInt(view.getInt32(index * 4, true)),
  );
}
