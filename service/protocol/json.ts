import { printParseErrorCode, visit, type ParseErrorCode } from 'jsonc-parser';
import { exactIntegers, NEGATIVE_ZERO, toJson } from '../../onnx/exact-json.ts';
import { ServiceError } from '../errors.ts';

/** A larger body, if it is allowed for the sake of one large row, consists of numbers in arrays: at most so many. */
const PLAIN_BYTES = 2 ** 20;
const MOST_NUMBERS = 2 ** 22;
/** An array takes the memory of as many numbers, and an object or a text... */
const ARRAY_NUMBERS = 8;
/** ...that of so many. */
const OBJECT_NUMBERS = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** More than the rank of any tensor. The limit keeps code that recurses over a body within its stack. */
const MOST_LEVELS = 100;
/** 2^53 has 16 digits: an integer with fewer digits is exact as a number. */
const LARGE_DIGITS = 16;
const STEP = LARGE_DIGITS / 2;
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
  if (maxLevels(bytes, text) > MOST_LEVELS)
    throw new ServiceError(
      'invalid-json',
      `The body is nested too deeply: at most ${MOST_LEVELS} levels of arrays and objects are allowed.`,
    );
  try {
    return hasLargeIntegers(bytes) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch (cause) {
    throw new ServiceError(
      'invalid-json',
      `The body is not valid JSON: ${place(text)}. NaN and Infinity are not JSON numbers.`,
      { cause },
    );
  }
}

/**
 * Checks that a body of more than a mebibyte is what it may be if MAX_BODY_BYTES is not set: a tensor, which takes
 * little more memory than its text. Objects and texts would take up to thirty times as much.
 *
 * @throws {ServiceError} `body-too-large`
 */
export function checkPlain(bytes: Uint8Array): void {
  if (bytes.length <= PLAIN_BYTES) return;
  let numbers = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte === QUOTE) {
      index = endOfString(bytes, index);
      numbers += OBJECT_NUMBERS;
    } else if (byte === COMMA) numbers++;
    else if (byte === ARRAY) numbers += ARRAY_NUMBERS;
    else if (byte === OBJECT) numbers += OBJECT_NUMBERS;
    else continue;
    if (numbers > MOST_NUMBERS)
      throw new ServiceError(
        'body-too-large',
        `The body is larger than ${PLAIN_BYTES} bytes, and has more than ${MOST_NUMBERS} numbers, ` +
          `${MOST_NUMBERS / ARRAY_NUMBERS} arrays, or ${MOST_NUMBERS / OBJECT_NUMBERS} objects and texts. ` +
          'Send fewer rows per request, or set MAX_BODY_BYTES.',
      );
  }
}

/** What -0 becomes without a replacer, and 0 too. */
const ZERO = /[:[,]0[,\]}]/;

/** Writes JSON: bigints with all their digits, NaN and infinities as "NaN", "Infinity" and "-Infinity", -0 as -0.0. */
export function stringifyJson(value: unknown): string {
  try {
    // Without a replacer it takes half the time, but NaN and infinities become null, -0 becomes 0, and a bigint throws.
    const text = JSON.stringify(value);
    if (!text.includes('null') && !ZERO.test(text)) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return toJson(value);
}

/** Writes the elements of a tensor as `stringifyJson` does. Many are 0 in some tensors, and hardly one is -0. */
export function stringifyElements(elements: readonly (number | boolean | string)[]): string {
  const text = JSON.stringify(elements);
  return text.includes('null') || elements.some(isNegativeZero) ? toJson(elements) : text;
}

/** Writes a number that is not NaN or infinite. */
export function finiteText(value: number): string {
  return isNegativeZero(value) ? NEGATIVE_ZERO : String(value);
}

function isNegativeZero(value: unknown): boolean {
  return value === 0 && Object.is(value, -0);
}

/** Returns at least the number of levels that arrays and objects are nested. */
function maxLevels(bytes: Uint8Array, text: string): number {
  // Each level takes a byte, and most requests for one row are shorter than the limit.
  if (bytes.length <= MOST_LEVELS) return bytes.length;
  // Most other requests have few brackets, and finding them takes less time than following the levels.
  const brackets = count('{', text) + count('[', text);
  return brackets <= MOST_LEVELS ? brackets : countLevels(bytes);
}

/** Counts a character, up to one more than the limit. */
function count(character: string, text: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0 && found <= MOST_LEVELS; at = text.indexOf(character, at + 1)) found++;
  return found;
}

function countLevels(bytes: Uint8Array): number {
  let levels = 0;
  let level = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] as number;
    if (byte === QUOTE) index = endOfString(bytes, index);
    // Most bytes outside of strings are digits, which need no other comparison than this one.
    else if (byte >= ARRAY) {
      if (byte === ARRAY || byte === OBJECT) {
        if (++level > levels) levels = level;
      } else if (byte === ARRAY_END || byte === OBJECT_END) level--;
    }
  }
  return levels;
}

function endOfString(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  for (; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === QUOTE) break;
    if (byte === BACKSLASH) index++;
  }
  return index;
}

/** Returns whether there are integers of at least 16 digits outside of strings; without exponents, they are large. */
function hasLargeIntegers(bytes: Uint8Array): boolean {
  // So many digits in a row include two at multiples of half their number, so most bytes need not be looked at.
  for (let index = STEP; index < bytes.length; index += STEP) {
    if (!isDigit(bytes[index]) || !isDigit(bytes[index - STEP])) continue;
    let [start, end] = [index, index + 1];
    while (start > 0 && isDigit(bytes[start - 1])) start--;
    while (end < bytes.length && isDigit(bytes[end])) end++;
    // A double may have up to 17 digits after the point.
    if (end - start >= LARGE_DIGITS && bytes[start - 1] !== POINT) return hasLargeIntegersOutsideStrings(bytes);
    while (index + STEP < end) index += STEP;
  }
  return false;
}

function hasLargeIntegersOutsideStrings(bytes: Uint8Array): boolean {
  let digits = 0;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (isDigit(byte)) {
      if (++digits === LARGE_DIGITS) return true;
      continue;
    }
    digits = byte === POINT ? -Infinity : 0;
    if (byte === QUOTE) index = endOfString(bytes, index);
  }
  return false;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const POINT = 0x2e;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Returns where the text is malformed. V8's own message has no position for short texts, so a second parser finds it.
 */
function place(text: string): string {
  if (text.trim() === '') return 'it is empty';
  let first: Malformed | undefined;
  try {
    first = firstError(text);
  } catch {
    return 'it is nested too deeply to find the position'; // The second parser is recursive.
  }
  if (first === undefined) return 'it is malformed';
  const { code, offset, line, column } = first;
  const near = text.slice(offset, offset + 20).split('\n')[0] ?? '';
  const what = printParseErrorCode(code)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  return `line ${line}, column ${column}: ${what}${near ? ` at ${JSON.stringify(near)}` : ''}`;
}

/** The first error in a text; line and column count from 1. */
interface Malformed {
  readonly code: ParseErrorCode;
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

/** Stops at the first error: a text may have one in every second character, and finding all takes a second. */
function firstError(text: string): Malformed | undefined {
  let found: Malformed | undefined;
  const stop = new Error('found');
  try {
    visit(
      text,
      {
        onError(code, offset, _, line, column) {
          found = { code, offset, line: line + 1, column: column + 1 };
          throw stop;
        },
      },
      { disallowComments: true },
    );
  } catch (error) {
    if (error !== stop) throw error;
  }
  return found;
}
