import { DecodeError } from '../decode-error.ts';
import { IMAGE_FORMATS } from './image-format.ts';

/** Creates the error for an image that libvips cannot read. */
export function damagedImage(cause: unknown): DecodeError {
  const [line = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
  const reason = line.trim().replace(/:$/, '');
  // libvips says no more about some images, such as a PNG whose header has a wrong checksum.
  const why = reason === '' || reason === 'Unknown error' ? '' : `: ${reason}`;
  return new DecodeError(`The image is damaged or incomplete${why}.`, IMAGE_FORMATS, { cause });
}
