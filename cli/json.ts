/** JSON whose integers keep all their digits: one past 2^53 is a bigint here. `JSON.rawJSON` is Node's since 22. */

/** An integer of fewer digits is exact as a number; a fraction's digits are none of an integer. */
const largeInteger = /(?<![\d.])\d{16}/;

export function parseJson(text: string): unknown {
  // A reviver makes parsing several times as dear.
  if (!largeInteger.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, { source }) =>
    (typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value));
}

export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? JSON.rawJSON(String(item)) : item));
}
