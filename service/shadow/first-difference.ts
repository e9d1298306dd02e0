/** What differs between two responses, and the value of each. */
export interface Difference {
  /** Such as `probabilities.setosa`, or `0.prediction` of an array. */
  readonly at: string;
  readonly service: unknown;
  readonly shadow: unknown;
}

/**
 * What a response, or a row of it, says besides its predictions: which model made them, and what it thought of the
 * input. Further down, classes and outputs may have these names.
 */
const ignored: ReadonlySet<string> = new Set(['model', 'warnings', 'id', 'model_name', 'model_version', 'parameters']);

/**
 * Returns the first difference of two responses; undefined if there is none.
 *
 * @param tolerance how far two numbers may be apart, relative to the first, or absolutely if that is below 1
 */
export function firstDifference(service: unknown, shadow: unknown, tolerance: number): Difference | undefined {
  return compare(service, shadow, tolerance, [], true);
}

/** @param isOuter whether this is a response, or one of its rows */
function compare(
  service: unknown,
  shadow: unknown,
  tolerance: number,
  path: readonly string[],
  isOuter: boolean,
): Difference | undefined {
  if (service === shadow) return undefined;
  if (typeof service === 'number' && typeof shadow === 'number') {
    if (Math.abs(service - shadow) <= tolerance * Math.max(1, Math.abs(service))) return undefined;
  } else if (isObject(service) && isObject(shadow) && Array.isArray(service) === Array.isArray(shadow)) {
    for (const key of new Set([...Object.keys(service), ...Object.keys(shadow)])) {
      if (isOuter && ignored.has(key)) continue;
      const isRow = isOuter && Array.isArray(service);
      const difference = compare(service[key], shadow[key], tolerance, [...path, key], isRow);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  return { at: path.join('.'), service, shadow };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
