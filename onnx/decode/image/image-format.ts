import { DecodeError } from '../decode-error.ts';

type ImageFormat = 'jpeg' | 'png' | 'webp';

/** What is accepted, for messages. */
export const IMAGE_FORMATS = 'a JPEG, PNG or WebP';

const text = (bytes: Uint8Array, start: number, end: number): string =>
  String.fromCharCode(...bytes.subarray(start, end));

/** The first bytes of other files, so that a message can say what they are. Of texts, the start in any case. */
const others: readonly (readonly [name: string, is: (bytes: Uint8Array) => boolean])[] = [
  ['a GIF', (bytes) => text(bytes, 0, 4) === 'GIF8'],
  ['a PDF', (bytes) => text(bytes, 0, 5) === '%PDF-'],
  ['a BMP', (bytes) => text(bytes, 0, 2) === 'BM'],
  ['a TIFF', (bytes) => ['II*\0', 'MM\0*'].includes(text(bytes, 0, 4))],
  ['an AVIF', (bytes) => /^ftypavi[fs]/.test(text(bytes, 4, 12))],
  ['a HEIC', (bytes) => /^ftyp(hei|hev|mif1|msf1)/.test(text(bytes, 4, 12))],
  ['an SVG', (bytes) => /^\s*<(?:\?xml|!--|!doctype svg|svg)/i.test(text(bytes, 0, 64))],
  ['HTML', (bytes) => /^\s*<(?:!doctype html|html)/i.test(text(bytes, 0, 64))],
];

/**
 * Checks the format of an image by its first bytes, so that no other file reaches the decoder.
 *
 * @throws {DecodeError} if it is something else, or an animation
 */
export function checkImageFormat(bytes: Uint8Array): void {
  const format = formatOf(bytes);
  if (format === undefined) {
    const what = others.find(([, is]) => is(bytes))?.[0];
    const length = bytes.length === 0 ? 'The file is empty.' : undefined;
    throw new DecodeError(length ?? (what === undefined ? 'It is not an image.' : `It is ${what}.`), IMAGE_FORMATS);
  }
  if (isAnimated(format, bytes)) throw new DecodeError('The image is animated.', `${IMAGE_FORMATS} of one frame`);
}

function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  if (text(bytes, 0, 3) === '\xff\xd8\xff') return 'jpeg';
  if (text(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') return 'png';
  return text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 12) === 'WEBP' ? 'webp' : undefined;
}

/** The flag of an animation in the chunk VP8X of a WebP, which is the first one if it is there. */
const ANIMATED = 0b10;

function isAnimated(format: ImageFormat, bytes: Uint8Array): boolean {
  if (format === 'webp') return text(bytes, 12, 16) === 'VP8X' && ((bytes[20] ?? 0) & ANIMATED) !== 0;
  return format === 'png' && hasAnimationControl(bytes);
}

/** The most chunks in front of a PNG's pixels. Reading hundreds of thousands would delay other requests. */
const MOST_CHUNKS = 1000;

/**
 * Returns whether a PNG has the chunk acTL before its pixels.
 *
 * @throws {DecodeError} if it has too many chunks there
 */
function hasAnimationControl(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let chunks = 0;
  for (let at = 8; at + 8 <= bytes.length; at += view.getUint32(at) + 12) {
    if (++chunks > MOST_CHUNKS)
      throw new DecodeError('The PNG has too many chunks.', `at most ${MOST_CHUNKS} before its pixels`);
    const type = text(bytes, at + 4, at + 8);
    if (type === 'acTL') return true;
    if (type === 'IDAT') return false;
  }
  return false;
}
