import type { Feature } from '../../../onnx/signature/features.ts';
import type { SentCell, SentRow } from '../../../onnx/signature/cells.ts';
import { describeExpected, namesOf, type CellReader } from './cell-reader.ts';
import { formatCount } from '../../inference/format-value.ts';
import { isObject, pointerTo, shorten, jsonTypeOf } from '../issue-list.ts';

/** Rows by column, as in a data frame: `{"columns": {"a": [1, 2], "b": [3, 4]}}`. */
interface Table {
  readonly columns: unknown;
}

/**
 * Returns whether a body is a table. If the model has a feature called `columns`, it is a table only if `columns` is an
 * object, because the value of a feature never is.
 */
export function isTable(
  features: readonly Feature[],
  body: unknown,
): body is Table & Readonly<Record<string, unknown>> {
  if (!isObject(body) || !Object.hasOwn(body, 'columns')) return false;
  return isObject(body['columns']) || !features.some(({ name }) => name === 'columns');
}

/** Reads the rows of a table, in order. */
export function readTable(
  features: readonly Feature[],
  table: Table & Readonly<Record<string, unknown>>,
  reader: CellReader,
): SentRow[] {
  const { columns, ...others } = table;
  for (const [name, value] of Object.entries(others)) {
    if (reader.issues.full) return [];
    reader.issues.add(() => ({
      pointer: pointerTo(name),
      detail: 'Unknown field next to "columns".',
      value: shorten(value),
    }));
  }
  if (!isObject(columns)) {
    reader.issues.add(() => ({
      pointer: pointerTo('columns'),
      detail: `Got ${jsonTypeOf(columns)}.`,
      value: shorten(columns),
      expected: `an object with ${namesOf(features)}`,
    }));
    return [];
  }
  reader.refuseUnknown(features, columns, ['columns']);
  const given = new Set(features.flatMap(({ name, input }) => (Object.hasOwn(columns, name) ? [input] : [])));
  const present = features.map(({ optional, input }) => !optional || given.has(input));
  const arrays = features.map((feature, index) => (present[index] ? readColumn(feature, columns, reader) : null));
  const length = commonLength(features, arrays, reader);
  const rows = Array.from({ length }, (): SentCell[] => []);
  for (const [index, feature] of features.entries()) {
    const values = arrays[index] ?? [];
    if (arrays[index] === null) {
      for (const row of rows) row.push(null);
      continue;
    }
    for (let row = 0; row < length && !reader.issues.full; row++)
      rows[row]?.push(reader.read(feature, values[row], row, () => ['columns', feature.name, row]));
  }
  return rows;
}

function readColumn(
  feature: Feature,
  columns: Readonly<Record<string, unknown>>,
  { issues }: CellReader,
): readonly unknown[] | undefined {
  const pointer = (): string => pointerTo('columns', feature.name);
  const expected = (): string => `an array of values, each ${describeExpected(feature)}`;
  if (!Object.hasOwn(columns, feature.name)) {
    issues.add(() => ({ pointer: pointer(), detail: 'The column is missing.', expected: expected() }));
    return undefined;
  }
  const values = columns[feature.name];
  if (Array.isArray(values)) return values as unknown[];
  issues.add(() => ({
    pointer: pointer(),
    detail: `Got ${jsonTypeOf(values)}.`,
    value: shorten(values),
    expected: expected(),
  }));
  return undefined;
}

/** Returns the number of rows. It is 0 if the columns differ in length, because then the rows are unknown. */
function commonLength(
  features: readonly Feature[],
  arrays: readonly (readonly unknown[] | null | undefined)[],
  { issues }: CellReader,
): number {
  const first = arrays.findIndex((values) => values != null);
  const length = arrays[first]?.length ?? 0;
  const unequal = arrays.flatMap((values, index) =>
    values == null || values.length === length ? [] : [{ name: features[index]?.name ?? '', values }],
  );
  for (const { name, values } of unequal) {
    const other = features[first]?.name ?? '';
    issues.add(() => ({
      pointer: pointerTo('columns', name),
      detail: `The column has ${formatCount(values.length, 'value')}, but the column '${other}' has ${length}.`,
      expected: `${formatCount(length, 'value')}, as in '${other}'`,
    }));
  }
  if (length === 0 && unequal.length === 0 && arrays.every((values) => values !== undefined)) {
    issues.add(() => ({
      pointer: pointerTo('columns'),
      detail: 'The columns are empty.',
      expected: 'at least one value in each',
    }));
  }
  return unequal.length > 0 || arrays.includes(undefined) ? 0 : length;
}
