import { toJson } from '../json.ts';

/** Returns a number with four digits, as people compare them. */
export const digits = (value: number): string => Number(value.toPrecision(4)).toString();

/** The longest prediction in a line. */
const longest = 100;

/** Returns a prediction for a line about a change. */
export function shown(value: unknown): string {
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'number'
        ? digits(value)
        : value === undefined
          ? 'nothing'
          : toJson(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
