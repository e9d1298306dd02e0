const MOST_CHARACTERS = 100;

/**
 * What came, for a message: texts quoted, cut, and without half a surrogate pair, which UTF-8 cannot carry; nothing that is
 * nested.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${(value.length > MOST_CHARACTERS ? `${value.slice(0, MOST_CHARACTERS)}…` : value).toWellFormed()}'`;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value === null) return 'null';
  return value === undefined ? 'missing' : 'an object';
}
