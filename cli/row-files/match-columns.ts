import { closestName } from '../../onnx/signature/closest-name.ts';
import { UsageError } from '../failure.ts';

export interface Matched {
  /** The column of each name. */
  readonly columns: ReadonlyMap<string, string>;
  /** Which columns have a similar name rather than the same one; undefined if none. A sentence. */
  readonly similar?: string;
  /** The columns that no name stands for. */
  readonly others: readonly string[];
}

/** How many names a message lists. */
const mostListed = 8;

/**
 * Finds the column of each name in the header of a file: the one with the same name. Exporters change names, such as
 * "mean radius" to `mean_radius`, so it may also be the only one that differs in nothing but case, punctuation or a
 * unit in parentheses.
 *
 * @param file the file's name, for the error
 * @param of whose names they are, such as `the model iris`
 * @throws {UsageError} if a name has no column; names the nearest ones
 */
export function matchColumns(file: string, columns: readonly string[], names: readonly string[], of: string): Matched {
  const found = new Map(names.filter((name) => columns.includes(name)).map((name) => [name, name]));
  for (const form of [letters, withoutUnit]) {
    const free = columns.filter((column) => !names.includes(column) && ![...found.values()].includes(column));
    const open = names.filter((name) => !found.has(name));
    for (const name of open) {
      const alike = free.filter((column) => form(column) === form(name));
      const rivals = open.filter((other) => form(other) === form(name));
      if (alike.length === 1 && rivals.length === 1 && form(name) !== '') found.set(name, alike[0] ?? '');
    }
  }
  const used = new Set(found.values());
  const others = columns.filter((column) => !used.has(column));
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    const nearest = missing.slice(0, mostListed).flatMap((name) => {
      const near = closestName(name, others);
      return near === undefined ? [] : [`the column nearest to ${name}: ${near}`];
    });
    throw new UsageError(`${file} lacks the ${missing.length === 1 ? 'column' : 'columns'} ${listNames(missing)}.`, {
      details: [
        ...nearest,
        ...(nearest.length < Math.min(missing.length, mostListed)
          ? [`columns of the header: ${listNames(columns)}`]
          : []),
      ],
      hint: `The first line must name the columns like the features of ${of}.`,
    });
  }
  const similar = names.filter((name) => found.get(name) !== name);
  return {
    columns: found,
    others,
    ...(similar.length > 0 && {
      similar: `Columns with similar names: ${listNames(similar.map((name) => `${found.get(name) ?? ''} is ${name}`))}`,
    }),
  };
}

const letters = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');
const withoutUnit = (name: string): string => letters(name.replace(/\s*[([][^)\]]*[)\]]\s*$/, ''));

/** Lists names for a message, only the first ones of many. */
export const listNames = (names: readonly string[]): string =>
  names.length === 0
    ? 'none'
    : names.length <= mostListed
      ? names.join(', ')
      : `${names.slice(0, mostListed - 1).join(', ')} and ${String(names.length - mostListed + 1)} more`;
