import type { Feature } from '../../../onnx/signature/features.ts';
import type { Cell, Row } from '../../../onnx/signature/cells.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import type { Issue } from '../../contract/index.ts';
import { CellReader, expectation, namesOf } from './cell-reader.ts';
import { isObject, pointerTo, shorten } from '../issue-list.ts';
import { isTable, readTable } from './columns.ts';

export interface DecodedFeatures {
  readonly rows: readonly Row[];
  /** The body was one object, so the answer is one too. */
  readonly single: boolean;
  /** Values outside their valid range, by row. */
  readonly warnings: ReadonlyMap<number, readonly Issue[]>;
  /** Where a row stands in the body: a JSON pointer. */
  readonly pointer: (row: number) => string;
}

/**
 * Reads named features: one object, a non-empty array of them, or one array a feature as `{"columns": {...}}`.
 *
 * @param strict refuses values outside their feature's range, which otherwise give a warning.
 * @throws ServiceError `invalid-input` with every bad field.
 */
export function decodeFeatures({ features }: Signature, body: unknown, strict: boolean): DecodedFeatures {
  const reader = new CellReader(strict);
  const [rows, pointer] = isTable(features, body)
    ? [readTable(features, body, reader), () => pointerTo('columns')]
    : Array.isArray(body)
      ? [readArray(features, body, reader), (row: number) => pointerTo(row)]
      : [[readRow(features, body, 0, [], reader)], () => pointerTo()];
  reader.issues.throwIfAny();
  return { rows, pointer, single: rows.length === 1 && pointer(0) === '#', warnings: reader.warnings };
}

function readArray(features: readonly Feature[], items: readonly unknown[], reader: CellReader): Row[] {
  if (items.length === 0)
    reader.issues.add(() => ({ pointer: '#', detail: 'The array is empty.', expected: 'at least one object' }));
  return items.map((item, row) => readRow(features, item, row, [row], reader));
}

function readRow(
  features: readonly Feature[],
  item: unknown,
  row: number,
  base: readonly number[],
  reader: CellReader,
): Row {
  if (!isObject(item)) {
    reader.issues.add(() => ({
      pointer: pointerTo(...base),
      detail: 'Not an object.',
      value: shorten(item),
      expected: `an object with ${namesOf(features)}`,
    }));
    return [];
  }
  let known = 0;
  const cells = features.map((feature): Cell => {
    const place = (): (string | number)[] => [...base, feature.name];
    if (!Object.hasOwn(item, feature.name)) {
      reader.issues.add(() => ({
        pointer: pointerTo(...place()),
        detail: 'The field is missing.',
        expected: expectation(feature),
      }));
      return 0;
    }
    known++;
    return reader.read(feature, item[feature.name], row, place);
  });
  if (known < Object.keys(item).length) reader.refuseUnknown(features, item, base);
  return cells;
}
