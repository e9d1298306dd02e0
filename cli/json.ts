import { exactIntegers } from '../onnx/exact-json.ts';

export { toJson } from '../onnx/exact-json.ts';

/** An integer of fewer digits is exact as a number; a fraction's digits are none of an integer. */
const largeInteger = /(?<![\d.])\d{16}/;
const exact = exactIntegers();

/** Parses JSON; an integer past 2^53 is a bigint. */
export function parseJson(text: string): unknown {
  return largeInteger.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
}
