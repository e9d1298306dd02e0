/** A text as TypeScript has it. */
export const literal = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;

/** A property's name, in quotes where it needs them. */
export const property = (name: string): string => (/^[A-Za-z_$][\w$]*$/.test(name) ? name : literal(name));

/** A comment in front of what it describes, or nothing. */
export function comment(sentences: readonly (string | undefined)[], indent = ''): string {
  const text = sentences
    .filter((sentence) => sentence !== undefined && sentence !== '')
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('*/', '*\u200b/')
    .trim();
  return text === '' ? '' : `${indent}/** ${text} */\n`;
}
