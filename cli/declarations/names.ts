/** `house-prices` as the beginning of a type's name: HousePrices. */
function pascalCase(name: string): string {
  const words = name.split(/[^\p{L}\p{M}\p{Nd}]+/u).filter((word) => word !== '');
  const joined = words.map((word) => word.replace(/^\p{L}/u, (letter) => letter.toUpperCase())).join('');
  return /^\p{L}/u.test(joined) ? joined : `Model${joined}`;
}

/** A name for the types of each model; where two would have one, the later gets a number. */
export function typeNames(models: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const model of models) {
    const first = pascalCase(model);
    let name = first;
    for (let count = 2; taken.has(name); count++) name = `${first}_${count}`;
    taken.add(name);
    names.set(model, name);
  }
  return names;
}

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
