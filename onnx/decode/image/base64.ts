import { DecodeError } from '../decode-error.ts';
import { IMAGE_FORMATS } from './image-format.ts';

/** Browsers write files so. */
const DATA_URL = /^data:[^,]{0,100};base64,/;

/**
 * Returns the bytes of an image that is in base64, with or without the start of a data URL.
 *
 * @throws {DecodeError} if it is not base64
 */
export function bytesOf(value: string | Uint8Array): Uint8Array {
  if (typeof value !== 'string') return value;
  const text = value.slice(DATA_URL.exec(value)?.[0].length ?? 0);
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const bytes = Buffer.from(text, 'base64');
  // Buffer leaves out what is not base64.
  if (bytes.length !== Math.floor(((text.length - padding) * 3) / 4))
    throw new DecodeError('The text is not base64.', `${IMAGE_FORMATS} in base64`);
  return bytes;
}
