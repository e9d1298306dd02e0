/** Formats a text as a TypeScript string literal. */
export const literal = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

/** Formats a property's name, in quotes if it needs them. */
export const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

/** Formats sentences as a JSDoc comment in one line. Returns '' if there are none. */
export function comment(sentences: readonly (string | undefined)[], indent = ''): string {
  const text = sentences
    .filter((sentence) => sentence !== undefined && sentence !== '')
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('*/', '*\u200b/')
    .trim();
  return text === '' ? '' : `${indent}/** ${text} */\n`;
}
