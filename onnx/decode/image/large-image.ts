/** What the header of an image says. */
export interface ImageHeader {
  readonly width: number;
  readonly height: number;
  readonly format?: string | undefined;
  readonly isProgressive?: boolean | undefined;
  readonly hasAlpha?: boolean | undefined;
}

/** An image of so many pixels takes up to 45 MB while it is decoded: 11 bytes for each, as measured with WebP. */
const LARGE_PIXELS = 4e6;

/**
 * Returns whether decoding an image takes so much memory that only one is decoded at a time. Progressive JPEGs,
 * interlaced PNGs, WebPs and images with transparency are in memory as a whole; others pass through it line by line.
 */
export function isLarge({ width, height, format, isProgressive, hasAlpha }: ImageHeader): boolean {
  return width * height > LARGE_PIXELS && (format === 'webp' || isProgressive === true || hasAlpha === true);
}
