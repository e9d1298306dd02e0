const MOST_CHARACTERS = 100;

/** A text that may be a megabyte, cut; without half a surrogate pair, which it may hold or be cut into, and no UTF-8 can carry. */
export function cut(text: string, most = MOST_CHARACTERS): string {
  return (text.length > most ? `${text.slice(0, most)}…` : text).toWellFormed();
}

/**
 * What came, for a message: texts quoted and cut; nothing that is nested.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${cut(value)}'`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  return value === undefined ? 'missing' : 'an object';
}
