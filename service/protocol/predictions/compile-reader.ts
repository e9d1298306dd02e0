import { FeedsLayout, type FeedsData } from '../../../onnx/batch/feeds-layout.ts';
import type { Tensor } from '../../../onnx/engine/engine.ts';
import type { Signature } from '../../../onnx/signature/signature.ts';
import { isObject } from '../issue-list.ts';

/** The inputs of one run, read from the body of a request. */
export interface ReadFeatures {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly rows: number;
  /** Whether the body was one object, so that the response is one object too. */
  readonly single: boolean;
}

/**
 * Reads a parsed body straight into the inputs of one run. Returns undefined for everything unusual: `decodeFeatures`
 * then reads the body again, and finds the errors and warnings.
 */
export type FeatureReader = (body: unknown) => ReadFeatures | undefined;

/** From this many elements on, all rows must have the right number of keys before memory is allocated for them. */
const MANY_ELEMENTS = 2 ** 16;

/**
 * Prepares reading features for a model. The reader accepts a body if `decodeFeatures` would accept it without
 * warnings, and if one run can process all of its rows. Its `feeds` are the ones that `encodeRows` returns.
 */
export function compileReader(signature: Signature): FeatureReader {
  const { batching, features } = signature;
  const layout = new FeedsLayout(signature);
  const names = features.map(({ name }) => name);
  if (features.some(({ sequence, decode }) => sequence || decode)) return () => undefined;
  const hasFeatureColumns = names.includes('columns');

  const readRow = (item: unknown, row: number, to: FeedsData): boolean => {
    if (!isObject(item)) return false;
    let feature = 0;
    // Usually the keys are in the order of the features, and need not be looked up.
    for (const key in item) {
      if (key !== names[feature]) return readUnordered(item, row, to);
      if (!layout.store(to, feature, row, item[key])) return false;
      feature++;
    }
    return feature === names.length;
  };

  const readUnordered = (item: Readonly<Record<string, unknown>>, row: number, to: FeedsData): boolean => {
    if (Object.keys(item).length !== names.length) return false;
    for (let feature = 0; feature < names.length; feature++) {
      const name = names[feature] as string;
      if (!Object.hasOwn(item, name) || !layout.store(to, feature, row, item[name])) return false;
    }
    return true;
  };

  const readRows = (items: readonly unknown[], single: boolean): ReadFeatures | undefined => {
    const rows = items.length;
    if (rows === 0 || (rows > 1 && batching !== 'batched')) return undefined;
    if (
      rows * names.length > MANY_ELEMENTS &&
      !items.every((item) => isObject(item) && Object.keys(item).length === names.length)
    )
      return undefined;
    const to = layout.allocate(rows);
    for (let row = 0; row < rows; row++) if (!readRow(items[row], row, to)) return undefined;
    return { feeds: layout.feeds(to), rows, single };
  };

  const readColumns = (columns: Readonly<Record<string, unknown>>): ReadFeatures | undefined => {
    if (Object.keys(columns).length !== names.length) return undefined;
    const values = names.map((name) => (Object.hasOwn(columns, name) ? columns[name] : undefined));
    const [first] = values;
    const rows = Array.isArray(first) ? first.length : 0;
    if (rows === 0 || (rows > 1 && batching !== 'batched')) return undefined;
    if (!values.every((column) => Array.isArray(column) && column.length === rows)) return undefined;
    const to = layout.allocate(rows);
    for (let feature = 0; feature < names.length; feature++)
      if (!layout.storeColumn(to, feature, values[feature] as readonly unknown[])) return undefined;
    return { feeds: layout.feeds(to), rows, single: false };
  };

  return (body) => {
    if (Array.isArray(body)) return readRows(body, false);
    if (!isObject(body)) return undefined;
    if (Object.hasOwn(body, 'columns')) {
      const { columns } = body;
      if (isObject(columns)) return Object.keys(body).length === 1 ? readColumns(columns) : undefined;
      if (!hasFeatureColumns) return undefined;
    }
    return readRows([body], true);
  };
}
