import type { DType, TensorData } from '../engine/engine.ts';
import type { FeatureJson } from '../signature/model-json.ts';
import { integerRange, largestFloat, toElement } from '../signature/dtypes.ts';

/** Which JSON values are elements of a tensor, prepared so that common ones take a few comparisons. */
export interface ElementRules {
  readonly dtype: DType;
  readonly range: readonly [number, number] | undefined;
  /** A number from `low` to `high` is stored as it is; if `whole`, only without a fraction. */
  readonly low: number;
  readonly high: number;
  readonly whole: boolean;
  /** Whether null is NaN. */
  readonly nullable: boolean;
  /** The valid strings; undefined if all are. */
  readonly choices: ReadonlySet<unknown> | undefined;
}

/**
 * @param range the lowest and the highest valid value
 * @param nullable whether null is NaN; only for floats
 * @param choices the valid strings
 */
export function elementRules(
  dtype: DType,
  { range, nullable = false, choices }: Pick<FeatureJson, 'range' | 'nullable' | 'choices'> = {},
): ElementRules {
  const [low, high] = plainNumbers(dtype);
  return {
    dtype,
    range,
    low: Math.max(low, range?.[0] ?? low),
    high: Math.min(high, range?.[1] ?? high),
    whole: integerRange(dtype) !== undefined,
    nullable,
    choices: choices && new Set(choices),
  };
}

/** Returns the range of the numbers that are stored as they are. It is empty for the dtypes that store no numbers. */
function plainNumbers(dtype: DType): readonly [number, number] {
  const most = largestFloat(dtype);
  if (most !== undefined) return [-most, most];
  const integers = integerRange(dtype);
  if (integers === undefined || dtype.endsWith('int64')) return [Infinity, -Infinity];
  return [Number(integers[0]), Number(integers[1])];
}

/** Stores one element. Returns false if the value does not fit the dtype or is outside the range or the choices. */
export function storeElement(rules: ElementRules, data: TensorData, index: number, value: unknown): boolean {
  if (typeof value === 'number' && value >= rules.low && value <= rules.high) {
    if (rules.whole && !Number.isInteger(value)) return false;
    (data as Float64Array)[index] = value;
    return true;
  }
  const element = value === null && rules.nullable ? NaN : toElement(rules.dtype, value);
  if (element === undefined) return false;
  const { range, choices } = rules;
  if (choices !== undefined && !choices.has(element)) return false;
  // NaN, which is a missing value, is in every range.
  if (
    range !== undefined &&
    (typeof element === 'number' || typeof element === 'bigint') &&
    (element < range[0] || element > range[1])
  )
    return false;
  (data as unknown[])[index] = typeof element === 'boolean' ? Number(element) : element;
  return true;
}

/**
 * Stores nested arrays of elements from an index on. Returns the next index, or -1 if an element or the length of an
 * array does not fit.
 */
export function storeNested(
  rules: ElementRules,
  dims: readonly number[],
  axis: number,
  data: TensorData,
  start: number,
  value: unknown,
): number {
  const length = dims[axis];
  if (!Array.isArray(value) || value.length !== length) return -1;
  let index = start;
  if (axis === dims.length - 1) {
    for (let item = 0; item < length; item++)
      if (!storeElement(rules, data, index++, (value as unknown[])[item])) return -1;
    return index;
  }
  for (let item = 0; item < length && index >= 0; item++)
    index = storeNested(rules, dims, axis + 1, data, index, (value as unknown[])[item]);
  return index;
}

/**
 * Returns the dimensions of nested arrays, as the first element of each level has them. Returns undefined if they do
 * not match the declared shape, or one of them is 0.
 */
export function dimsOf(shape: readonly (number | string)[], value: unknown): number[] | undefined {
  const dims: number[] = [];
  let level = value;
  for (const declared of shape) {
    // Unless the graph declares it, a tensor has elements: `readCell` says why.
    if (!Array.isArray(level) || level.length === 0) return undefined;
    if (typeof declared === 'number' && declared !== level.length) return undefined;
    dims.push(level.length);
    level = (level as unknown[])[0];
  }
  return dims;
}

/** Returns whether nested arrays have these lengths, without a look at the elements. */
export function hasDims(dims: readonly number[], axis: number, value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.length === dims[axis] &&
    (axis === dims.length - 1 || value.every((item) => hasDims(dims, axis + 1, item)))
  );
}
