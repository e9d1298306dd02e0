import type { DType } from '../../onnx/engine/engine.ts';
import { parseJson } from '../json.ts';

/** What is known of a column's values. */
export interface ColumnType {
  readonly dtype: DType;
  /** Of one row's value; `[]` is a scalar. */
  readonly shape?: readonly (number | string)[];
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

/** A CSV field as the JSON value that it stands for. What stands for none of the type stays the text: whoever checks it says so. */
export function typed({ dtype, shape = [] }: ColumnType, text: string): unknown {
  if (shape.length > 0) return array(text);
  if (dtype === 'string') return text;
  const word = text.trim().toLowerCase();
  if (dtype === 'bool') return { true: true, 1: true, false: false, 0: false }[word] ?? text;
  if (dtype.startsWith('float')) return notFinite[word] ?? decimal(word) ?? text;
  // pandas writes 3.0 for a 3 of a column that lacks some values.
  const [, digits] = /^\+?(-?\d+)(?:\.0*)?$/.exec(word) ?? [];
  if (digits === undefined) return text;
  return Number.isSafeInteger(Number(digits)) ? Number(digits) : digits;
}

/** Undefined also where it is too large for a double. */
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
