import type { DType } from '../../onnx/engine/engine.ts';
import { parseJson } from '../json.ts';

/** The type of a column's values. */
export interface ColumnType {
  readonly dtype: DType;
  /** The shape of one row's value; `[]` is a scalar. @default [] */
  readonly shape?: readonly (number | string)[];
  /** Whether null is a missing value. @default false */
  readonly nullable?: boolean;
  /** Whether each value is a sequence of tensors, as JSON. @default false */
  readonly sequence?: boolean;
}

const notFinite: Readonly<Record<string, string>> = {
  nan: 'NaN',
  inf: 'Infinity',
  '+inf': 'Infinity',
  '-inf': '-Infinity',
  infinity: 'Infinity',
  '+infinity': 'Infinity',
  '-infinity': '-Infinity',
};

/**
 * Converts a field of a CSV file to a JSON value of the column's type. A field that is not valid for the type stays a
 * text, so that whoever checks the row reports it. An empty field of a column that is nullable is null: pandas writes
 * missing values so.
 */
export function parseField(column: ColumnType, text: string): unknown {
  const { dtype, shape = [], nullable = false, sequence = false } = column;
  if (shape.length > 0 || sequence) return array(text);
  if (dtype === 'string') return text;
  const word = text.trim().toLowerCase();
  if (nullable && word === '') return null;
  if (dtype === 'bool') return { true: true, 1: true, false: false, 0: false }[word] ?? text;
  if (dtype.startsWith('float')) return notFinite[word] ?? decimal(word) ?? text;
  // pandas writes a 3 as 3.0 if other values of the column are missing.
  const [, digits] = /^\+?(-?\d+)(?:\.0*)?$/.exec(word) ?? [];
  if (digits === undefined) return text;
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
}

/** Returns undefined also if the number is too large for a double. */
function decimal(word: string): number | undefined {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(word) ? Number(word) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

function array(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
