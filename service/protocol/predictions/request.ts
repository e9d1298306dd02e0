import type { Feature } from '../../../onnx/signature/features.ts';
import type { SentCell, SentRow } from '../../../onnx/signature/cells.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { Issue } from '../../contract/index.ts';
import { CellReader, describeExpected, namesOf } from './cell-reader.ts';
import { isObject, pointerTo, shorten, jsonTypeOf } from '../issue-list.ts';
import { isTable, readTable } from './columns.ts';

export interface DecodedFeatures {
  readonly rows: readonly SentRow[];
  /** Whether the body was one object, so that the response is one object too. */
  readonly single: boolean;
  /** Values outside their valid range or choices, by row. */
  readonly warnings: ReadonlyMap<number, readonly Issue[]>;
  /** Returns the JSON Pointer to a row in the body, or to a feature of it. */
  readonly pointer: (row: number, feature?: string) => string;
}

/**
 * Reads named features: one object, a non-empty array of objects, or one array per feature as `{"columns": {...}}`.
 *
 * @param strict rejects values outside their feature's range, which otherwise only cause a warning
 * @throws {ServiceError} `invalid-input`, with the invalid fields, or with the first ones if there are many
 */
export function decodeFeatures({ features }: Signature, body: unknown, strict: boolean): DecodedFeatures {
  const reader = new CellReader(strict);
  const [rows, pointer]: readonly [readonly SentRow[], DecodedFeatures['pointer']] = isTable(features, body)
    ? [readTable(features, body, reader), (row, of) => pointerTo('columns', ...(of === undefined ? [] : [of, row]))]
    : Array.isArray(body)
      ? [readArray(features, body, reader), (row, of) => pointerTo(row, ...(of === undefined ? [] : [of]))]
      : [[readRow(features, body, 0, [], reader)], (_, of) => pointerTo(...(of === undefined ? [] : [of]))];
  reader.issues.throwIfAny();
  return { rows, pointer, single: rows.length === 1 && pointer(0) === '#', warnings: reader.warnings.byRow() };
}

function readArray(features: readonly Feature[], items: readonly unknown[], reader: CellReader): SentRow[] {
  if (items.length === 0)
    reader.issues.add(() => ({ pointer: '#', detail: 'The array is empty.', expected: 'at least one object' }));
  const rows: SentRow[] = [];
  for (let row = 0; row < items.length && !reader.issues.full; row++)
    rows.push(readRow(features, items[row], row, [row], reader));
  reader.issues.leaveUnread(items.length - rows.length);
  return rows;
}

function readRow(
  features: readonly Feature[],
  item: unknown,
  row: number,
  base: readonly number[],
  reader: CellReader,
): SentRow {
  if (!isObject(item)) {
    reader.issues.add(() => ({
      pointer: pointerTo(...base),
      detail: `Got ${jsonTypeOf(item)}.`,
      value: shorten(item),
      expected: `an object with ${namesOf(features)}`,
    }));
    return [];
  }
  let known = 0;
  /** The optional inputs of which the row has a value. */
  let given: Set<string> | undefined;
  const has = ({ input }: Feature): boolean => {
    given ??= new Set(features.flatMap((each) => (Object.hasOwn(item, each.name) ? [each.input] : [])));
    return given.has(input);
  };
  const cells: SentCell[] = [];
  for (const feature of features) {
    if (reader.issues.full) return cells;
    const pathOf = (): (string | number)[] => [...base, feature.name];
    if (Object.hasOwn(item, feature.name)) {
      known++;
      cells.push(reader.read(feature, item[feature.name], row, pathOf));
      continue;
    }
    if (feature.optional && !has(feature)) {
      cells.push(null);
      continue;
    }
    reader.issues.add(() => ({
      pointer: pointerTo(...pathOf()),
      detail: 'The field is missing.',
      expected: describeExpected(feature),
    }));
  }
  if (known < Object.keys(item).length) reader.refuseUnknown(features, item, base);
  return cells;
}
