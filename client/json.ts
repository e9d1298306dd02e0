/**
 * JSON whose integers keep all their digits, in every JavaScript engine: those past Number.MAX_SAFE_INTEGER are
 * bigints. Not all engines have JSON.rawJSON and the reviver's `context.source` (Node 20 lacks both); they can only
 * mark strings, so all engines are treated this way.
 */

/** Random, so that no text contains it. */
const newMark = (): string => `bigint:${Math.random().toString(36).slice(2)}:`;

/** Writes bigints as integers, typed arrays as arrays, NaN and the infinities by name, and -0 as -0.0. */
export function stringifyJson(value: unknown): string {
  const mark = newMark();
  const text = JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === 'bigint') return `${mark}${each}`;
    if (Object.is(each, -0)) return `${mark}-0.0`;
    if (typeof each === 'number' && !Number.isFinite(each)) return String(each);
    if (ArrayBuffer.isView(each)) return [...(each as Uint8Array)];
    return each;
  });
  return text.replaceAll(new RegExp(`"${mark}(-?[\\d.]+)"`, 'g'), '$1');
}

const longInteger = /(?<![\d.])\d{16,}(?![\d.eE])/;
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Parses JSON. @throws {SyntaxError} if it is not valid */
export function parseJson(text: string): unknown {
  // Almost always; and a reviver makes the parser several times slower.
  if (!longInteger.test(text)) return JSON.parse(text);
  const mark = newMark();
  const marked = text.replaceAll(stringOrNumber, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${mark}${token}"` : token,
  );
  return JSON.parse(marked, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}
