/**
 * Returns a distinct PascalCase name for each text, in order: `house-prices` becomes `HousePrices`, and a second one
 * that would get the same name gets `HousePrices_2`. Used for the schemas of the OpenAPI document and for generated
 * TypeScript types, so that a model has the same name in both.
 */
export function typeNames(texts: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return texts.map((text) => {
    const wanted = pascalCase(text);
    let name = wanted;
    for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`;
    taken.add(name);
    return name;
  });
}

/** ASCII only: OpenAPI allows no other letters in the name of a schema. Accents are dropped. */
function pascalCase(text: string): string {
  const joined = text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
    .map((word) => word.replaceAll(/[^a-zA-Z0-9]/g, ''))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  return /^[A-Z]/.test(joined) ? joined : `Model${joined}`;
}
