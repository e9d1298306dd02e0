/** A key, every key (`*`), an index, every index (`[]`), the items with a value, or everything below (`**`). */
export type Segment =
  | { readonly key: string }
  | { readonly index: number }
  | { readonly any: 'key' | 'index' | 'below' }
  | { readonly where: string; readonly is: string };

/** What a manifest contains: objects, arrays, and values. */
type Tree = Readonly<Record<string, unknown>> | readonly unknown[];

/** The place of a field in a manifest: keys and indices. */
export type Place = readonly (string | number)[];

const token = /\.?(?:(?<key>[\w-]+|\*{1,2})|\["(?<quoted>[^"]+)"\]|\[(?<index>\d*)\]|\[(?<where>\w+)=(?<is>[^\]]+)\])/y;

/** Parses a path such as `spec.ports[name=http].port`. @returns undefined if it is not one */
export function parsePath(text: string): readonly Segment[] | undefined {
  const segments: Segment[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text)?.groups;
    if (found === undefined) return undefined;
    segments.push(segmentOf(found));
  }
  return segments;
}

function segmentOf({ key, quoted, index, where, is }: Readonly<Record<string, string | undefined>>): Segment {
  if (where !== undefined && is !== undefined) return { where, is };
  if (index !== undefined) return index === '' ? { any: 'index' } : { index: Number(index) };
  if (key === '*' || key === '**') return { any: key === '*' ? 'key' : 'below' };
  return { key: quoted ?? key ?? '' };
}

/** Writes a place as a path: `spec.ports[0].name`. */
export const formatPlace = (place: Place): string =>
  place.reduce<string>((path, step) => {
    if (typeof step === 'number') return `${path}[${step}]`;
    if (!/^[\w-]+$/.test(step)) return `${path}["${step}"]`;
    return path === '' ? step : `${path}.${step}`;
  }, '');

/** Yields the places in a value that a path matches. A key that follows an array is one of each of its items. */
export function* placesAt(value: unknown, path: readonly Segment[], place: Place = []): Generator<Place> {
  const [segment, ...rest] = path;
  if (segment === undefined) {
    yield place;
    return;
  }
  if (!isTree(value)) return;
  if ('any' in segment && segment.any === 'below') {
    for (const [step, inner] of stepsOf(value)) {
      yield [...place, step];
      yield* placesAt(inner, path, [...place, step]);
    }
    return;
  }
  for (const [step, inner] of stepsOf(value)) {
    if (fits(segment, step, inner)) yield* placesAt(inner, rest, [...place, step]);
    else if (typeof step === 'number' && 'key' in segment) yield* placesAt(inner, path, [...place, step]);
  }
}

function fits(segment: Segment, step: string | number, inner: unknown): boolean {
  if ('key' in segment) return String(step) === segment.key;
  if ('index' in segment) return step === segment.index;
  if ('where' in segment)
    return typeof step === 'number' && isTree(inner) && valueAt(inner, [segment.where]) === segment.is;
  return segment.any === (typeof step === 'number' ? 'index' : 'key');
}

/** Returns the value at a place. */
export const valueAt = (value: unknown, place: Place): unknown =>
  place.reduce(
    (inner, step) => (isTree(inner) ? (inner as Readonly<Record<string, unknown>>)[step] : undefined),
    value,
  );

/** Returns the keys or indices of a value, with what is there. */
export const stepsOf = (value: Tree): readonly (readonly [string | number, unknown])[] =>
  Array.isArray(value) ? value.map((inner: unknown, index) => [index, inner] as const) : Object.entries(value);

/** Whether a value has fields. A list of texts or numbers is a value itself. */
export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' &&
  value !== null &&
  Object.keys(value).length > 0 &&
  !(Array.isArray(value) && value.every((item) => typeof item !== 'object'));
