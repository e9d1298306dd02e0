import leven from 'leven';

/** Returns the known name that was probably meant; undefined if none is similar. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  // The time grows with the product of the lengths, and a client may send a name of a megabyte.
  if (name.length > 200) return undefined;
  const [best] = known
    .map((each) => ({ each, distance: leven(name.toLowerCase(), each.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.round(Math.max(name.length, best.each.length) * 0.4)
    ? best.each
    : undefined;
}
