import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { exactIntegers, toJson } from '../../onnx/exact-json.ts';
import { ServiceError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** More than the rank of any tensor. The limit keeps code that recurses over a body within its stack. */
const MOST_LEVELS = 100;
/** 2^53 has 16 digits: an integer with fewer digits is exact as a number. */
const LARGE_DIGITS = 16;
/** No integer in a tensor has more digits. */
const exact = exactIntegers(20);

/**
 * Parses JSON text in UTF-8. Integers that a number cannot represent exactly become bigints.
 *
 * @throws {ServiceError} `invalid-json`, naming the line and column
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError('invalid-json', 'The body is not UTF-8. Send JSON encoded as UTF-8.', { cause });
  }
  const { levels, largeIntegers } = scan(bytes);
  if (levels > MOST_LEVELS)
    throw new ServiceError(
      'invalid-json',
      `The body is nested too deeply: at most ${MOST_LEVELS} levels of arrays and objects are allowed.`,
    );
  try {
    return largeIntegers ? JSON.parse(text, exact) : JSON.parse(text);
  } catch (cause) {
    throw new ServiceError(
      'invalid-json',
      `The body is not valid JSON: ${place(text)}. NaN and Infinity are not JSON numbers.`,
      { cause },
    );
  }
}

/** Writes JSON: bigints with all their digits, and NaN and infinities as "NaN", "Infinity" and "-Infinity". */
export function stringifyJson(value: unknown): string {
  try {
    // Without a replacer it takes half the time, but NaN and infinities become null, and a bigint throws.
    const text = JSON.stringify(value);
    if (!text.includes('null')) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return toJson(value);
}

/** Returns how deeply the text is nested, and whether it may contain large integers outside of strings. */
function scan(bytes: Uint8Array): { levels: number; largeIntegers: boolean } {
  let [levels, level, digits, largeIntegers] = [0, 0, 0, false];
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits === LARGE_DIGITS) largeIntegers = true;
      continue;
    }
    // A double may have up to 17 digits after the point.
    digits = byte === POINT ? -Infinity : 0;
    if (byte === QUOTE) index = endOfString(bytes, index);
    else if (byte === ARRAY || byte === OBJECT) levels = Math.max(levels, ++level);
    else if (byte === ARRAY_END || byte === OBJECT_END) level--;
  }
  return { levels, largeIntegers };
}

function endOfString(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== QUOTE) index += bytes[index] === BACKSLASH ? 2 : 1;
  return index;
}

const [QUOTE, BACKSLASH, POINT, ARRAY, ARRAY_END, OBJECT, OBJECT_END] = Buffer.from('"\\.[]{}');

/**
 * Returns where the text is malformed. V8's own message has no position for short texts, so a second parser finds it.
 */
function place(text: string): string {
  if (text.trim() === '') return 'it is empty';
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true });
  } catch {
    return 'it is nested too deeply to find the position'; // The second parser is recursive.
  }
  const [first] = errors;
  if (!first) return 'it is malformed';
  const before = text.slice(0, first.offset).split('\n');
  const near = text.slice(first.offset, first.offset + 20).split('\n')[0] ?? '';
  const what = printParseErrorCode(first.error)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `line ${before.length}, column ${column}: ${what}${near ? ` at ${JSON.stringify(near)}` : ''}`;
}
