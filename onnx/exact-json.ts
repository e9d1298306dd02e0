/** JSON without loss: integers beyond 2^53 are bigints, and NaN, the infinities and -0 are written too. */

// TypeScript's library lacks both: https://github.com/tc39/proposal-json-parse-with-source, available since Node 22.
declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown;
    rawJSON(text: string): object;
  }
}

/**
 * Returns a reviver that keeps all digits of the integers that a number cannot hold. It makes parsing 15 times slower.
 *
 * @param mostDigits longer integers stay numbers: nobody needs them, and a bigint of a megabyte of digits is slow
 */
export function exactIntegers(
  mostDigits = Infinity,
): (key: string, value: unknown, context: { readonly source?: string }) => unknown {
  return (_, value, { source = '' }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || source.length > mostDigits + 1) return value;
    return /^-?\d+$/.test(source) && source.replace('-', '').length <= mostDigits ? BigInt(source) : value;
  };
}

/** -0, in a form that is a float for every parser: Python reads -0 as the integer 0. */
export const NEGATIVE_ZERO = '-0.0';

/**
 * Writes bigints with all their digits, "NaN", "Infinity" and "-Infinity", and -0.0. The replacer makes it twice as
 * slow.
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => {
    if (typeof item === 'bigint') return JSON.rawJSON(String(item));
    if (typeof item !== 'number') return item;
    if (Object.is(item, -0)) return JSON.rawJSON(NEGATIVE_ZERO);
    return Number.isFinite(item) ? item : String(item);
  });
}
