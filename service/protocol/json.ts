import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { ServiceError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Parses JSON text in UTF-8. @throws ServiceError `invalid-json`, naming the line and column. */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (cause) {
    throw new ServiceError('invalid-json', 'The body is not UTF-8. Send JSON encoded as UTF-8.', { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ServiceError('invalid-json', `The body is not JSON: ${place(text)}. NaN and Infinity are not JSON numbers.`, { cause });
  }
}

/** Where the text stops being JSON. V8's own message leaves the position out of short texts, so a second parser looks. */
function place(text: string): string {
  if (text.trim() === '') return 'it is empty';
  const errors: ParseError[] = [];
  try {
    parse(text, errors, { disallowComments: true });
  } catch {
    return 'it is nested too deeply to say where'; // The second parser is recursive.
  }
  const [first] = errors;
  if (!first) return 'it is malformed';
  const before = text.slice(0, first.offset).split('\n');
  const near = text.slice(first.offset, first.offset + 20).split('\n')[0] ?? '';
  const what = printParseErrorCode(first.error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${what}${near ? ` at ${JSON.stringify(near)}` : ''}`;
}
