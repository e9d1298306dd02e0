/** Rows in which one feature changes. */
import type { FeatureDescription } from '../../../contract/api.ts';
import type { Row } from '../api/messages.ts';
import { isInteger } from '../form/numbers.ts';

const STEPS = 41;

/** Returns whether a feature has one value per row that can be varied. */
export const canVary = ({ shape, dtype, choices, sequence, decode }: FeatureDescription): boolean =>
  shape.length === 0 &&
  sequence !== true &&
  decode === undefined &&
  (choices !== undefined || (dtype !== 'string' && dtype !== 'bool'));

/** Returns where to vary a number: its range, or around its value. */
export function rangeAround({ range }: FeatureDescription, value: unknown): readonly [number, number] {
  if (range !== undefined && range[0] < range[1]) return range;
  const center = Number(value);
  const width = Number.isFinite(center) && center !== 0 ? Math.abs(center) : 1;
  return Number.isFinite(center) ? [center - width, center + width] : [-1, 1];
}

/** Returns the values of a number from one end of a range to the other. */
export function valuesBetween(feature: FeatureDescription, [from, to]: readonly [number, number]): readonly number[] {
  const values = Array.from({ length: STEPS }, (_, index) => {
    const value = from + ((to - from) * index) / (STEPS - 1);
    return isInteger(feature) ? Math.round(value) : Number(value.toPrecision(10));
  });
  return [...new Set(values)];
}

export const rowsWith = (row: Row, name: string, values: readonly unknown[]): readonly Row[] =>
  values.map((value) => ({ ...row, [name]: value }));
