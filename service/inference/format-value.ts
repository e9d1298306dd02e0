const MOST_CHARACTERS = 100;

/** Shortens a text that may be very long, and replaces lone surrogates, which UTF-8 cannot encode. */
export function truncate(text: string, most = MOST_CHARACTERS): string {
  return (text.length > most ? `${text.slice(0, most)}…` : text).toWellFormed();
}

/** Formats a number of things: `1 byte`, `2 bytes`. */
export function formatCount(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

/** Returns a text with its first letter in lower case, to continue a sentence with it. */
export function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Formats a received value for a message: texts are quoted and shortened, nested values are only named. */
export function formatValue(value: unknown): string {
  if (typeof value === 'string') return `'${truncate(value)}'`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  return value === undefined ? 'missing' : 'an object';
}
