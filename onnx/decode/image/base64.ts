import { DecodeError } from '../decode-error.ts';
import { IMAGE_FORMATS } from './image-format.ts';

/** Browsers write files so. */
const DATA_URL = /^data:[^,]{0,100};base64,/;

/**
 * Returns the bytes of an image that is in base64, with or without the start of a data URL. Line breaks are ignored:
 * the command `base64` and Python's `encodebytes` write them.
 *
 * @throws {DecodeError} if it is not base64
 */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  if (typeof value !== 'string') return value;
  const text = value.slice(DATA_URL.exec(value)?.[0].length ?? 0);
  // Most texts have none, and are long.
  const bytes = wholeOf(text) ?? wholeOf(text.replaceAll(/\s+/g, ''));
  if (bytes === undefined) throw new DecodeError('The text is not base64.', `${IMAGE_FORMATS} in base64`);
  return bytes;
}

/** Returns undefined if a part of the text is not base64, which Buffer leaves out. */
function wholeOf(text: string): Buffer | undefined {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  return Math.ceil((bytes.length * 4) / 3) === text.length - padding ? bytes : undefined;
}
