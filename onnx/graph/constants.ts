import { TENSOR } from './field-numbers.ts';
import { fields, int64, int64s, message, messages } from './protobuf.ts';
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
  return weight === undefined
    ? []
    : messages(weight, TENSOR.stringData).map((bytes) => new TextDecoder().decode(bytes));
}

/**
 * Returns the integers in a TensorProto.
 *
 * @returns undefined if it has more values than any graph needs to know: lists of labels, sizes and positions
 */
export function readTensor(tensor: Uint8Array): Constant | undefined {
  let raw: Uint8Array | undefined;
  let list = false;
  let width: 4 | 8 = 8;
  const values: bigint[] = [];
  for (const field of fields(tensor)) {
    switch (field.number) {
      case TENSOR.dims:
        list = true;
        break;
      case TENSOR.dataType:
        width = int64(field) === INT32 ? 4 : 8;
        break;
      case TENSOR.rawData:
        raw = message(field);
        break;
      case TENSOR.int64Data:
      case TENSOR.int32Data:
        for (const value of int64s(field)) {
          if (values.length === MOST_VALUES) return undefined;
          values.push(value);
        }
        break;
      default: // Its name, or values of another type.
    }
  }
  if (raw === undefined) return { list, values };
  return raw.byteLength / width > MOST_VALUES ? undefined : { list, values: readRaw(raw, width) };
}

const MOST_VALUES = 2 ** 20;
/** The number of int32 in TensorProto.DataType. */
const INT32 = 6n;

function readRaw(bytes: Uint8Array, width: 4 | 8): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / width) }, (_, index) =>
    width === 8 ? view.getBigInt64(index * 8, true) : BigInt(view.getInt32(index * 4, true)),
  );
}
